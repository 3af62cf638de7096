"""Train with a learner's own gradients: a checkpoint's model, made of exercises, step by step beside autograd's."""
