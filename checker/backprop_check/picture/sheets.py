"""Cut a drawing for paper: between its layers, so that no box is cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

WIDE, HIGH, FIRST = 690, 900, 620
"""How wide and how high a sheet is, whether A4 or Letter, and how high what is left of the first, where the title stands."""


def sheets(tops: Sequence[float], gap: float, width: float) -> Iterator[tuple[float, float]]:
    """Yield the top and the height of each part.

    `tops` are those of the layers, `gap` apart, and of what would come below the last. What is wider than a sheet is printed smaller.
    """
    smaller = max(1.0, width / WIDE)
    top, room = 0.0, FIRST * smaller
    for here, below in pairwise(tops):
        if below - gap - top > room and here - gap / 2 > top:
            yield top, here - gap / 2 - top
            top, room = here - gap / 2, HIGH * smaller
    yield top, tops[-1] - gap / 2 - top
