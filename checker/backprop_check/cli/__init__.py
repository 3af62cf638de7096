"""The command `backprop-check`: adapters that translate between a shell and `check`, one file per command."""
