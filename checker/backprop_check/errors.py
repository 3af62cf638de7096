"""The one exception that stands for input a person can mend."""

from __future__ import annotations


class BadInput(Exception):
    """Say in one line what is wrong with a file, a name or an option, and what to do.

    Adapters print the message alone (no traceback) and end with exit code 2.
    """

    def _render_traceback_(self) -> list[str]:
        """What IPython shows of it: the message alone."""
        return [f"{type(self).__name__}: {self}"]
