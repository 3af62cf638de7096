"""`python -m backprop_check` is `backprop-check`."""

from backprop_check.cli.main import entry

entry()
