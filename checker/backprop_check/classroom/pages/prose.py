"""Words and figures of the pages. Values in, text out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from backprop_check.exercise.sizes import written
from backprop_check.report.layout import visible

VERDICTS = {
    "correct": ("✓", "right"),
    "incorrect": ("✗", "not right yet"),
    "error": ("!", "stopped with an error"),
    "missing": ("·", "not written yet"),
}

UNREADABLE = "Your submission could not be judged."

MOST = 800
_CODE = re.compile(r"(?:`([^`]+)`)|(\b[\w.]*_[\w.]*\b)")


def pieces(text: str) -> Iterator[tuple[bool, str]]:
    """Split prose into (whether it is code, text): code stands in backticks, or is a name (of a file, or dotted) with an underscore.

    Everything is visible, on one line and of bounded length.
    """
    told = clear(" ".join(text.split()))
    told = told if len(told) <= MOST else told[: MOST - 1] + "…"
    at = 0
    for found in _CODE.finditer(told):
        if found.start() > at:
            yield False, told[at : found.start()]
        yield True, found[1] or found[2]
        at = found.end()
    if at < len(told):
        yield False, told[at:]


def clear(text: str) -> str:
    """Return `text` with whatever would hide or reorder text as an escape. Most text has none of it, and costs nothing."""
    return text if text.isprintable() else visible(text)


def shape(axes: str, sizes: Sequence[int]) -> str:
    """Write a shape with its axes: `(N, C) = (7, 3)`."""
    return axes if axes == written(sizes) else f"{axes} = {written(sizes)}"


def points(score: float, most: float) -> str:
    return f"{score:g} of {most:g} point{'s' * (most != 1)}"


def number(value: float | str) -> str:
    """Write a difference with three digits; a number that is not finite stands in the report as a word."""
    return value if isinstance(value, str) else f"{value:.3g}"


def percent(count: int, whole: int) -> str:
    """Write a share. Only nothing is 0%, and only all is 100%."""
    return f"{min(max(round(100 * count / whole), count > 0), 99 + (count == whole))}%" if whole else "–"
