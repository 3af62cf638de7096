"""The language server of `backprop-check lsp`: what the check says, on the learner's own lines of an editor. It judges nothing."""
