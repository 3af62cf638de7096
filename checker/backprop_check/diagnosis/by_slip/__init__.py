"""A mistake proven by a slip in the derived line, which makes the learner's answer of it."""
