"""A learner's expression as a tree: evaluated without `eval`, folded, rewritten; nothing here knows what is wrong with it."""
