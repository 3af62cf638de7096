"""backprop-check: tell a learner why a hand-written gradient is wrong, and prove it. Importing this loads neither torch nor rich."""

__version__ = "0.1.0"
