"""A mistake proven by a small change of the learner's own line, which makes it right; and the right line nearest to it."""
