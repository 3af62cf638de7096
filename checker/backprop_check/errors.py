"""The one exception that stands for input a person can mend, and the names that may have been meant."""

from __future__ import annotations

from collections.abc import Iterable


class BadInput(Exception):
    """Say in one line what is wrong with a file, a name or an option, and what to do.

    Adapters print the message alone (no traceback) and end with exit code 2.
    """

    def _render_traceback_(self) -> list[str]:
        """What IPython shows of it: the message alone."""
        return [f"{type(self).__name__}: {self}"]


def near(name: str, names: Iterable[str], most: int = 3, cutoff: float = 0.6) -> list[str]:
    """Return those of `names` that a slip may have made `name` of, the likest first."""
    from difflib import get_close_matches  # only for a mistake: it takes a while to load

    return get_close_matches(name, list(names), most, cutoff)


def meant(found: Iterable[str], otherwise: str) -> str:
    """Return the question whether one of the names `found` was meant; without any, `otherwise`."""
    names = list(found)
    return f"did you mean {' or '.join(names)}?" if names else otherwise
