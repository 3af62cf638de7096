"""`python -m checker` is `backprop-check`."""

from checker.cli.main import entry

entry()
