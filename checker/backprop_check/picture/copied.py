"""Broadcasting as a small picture: a row or a column that is copied forward, and whose copies are added up on the way back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from backprop_check.records import Operation
from backprop_check.report.hint.fillings import spoken, together

CELL, ACROSS, DOWN = 15, 5, 3
"""The side of a square, and how many are drawn for an axis to the right and for one downwards, however long it is."""


@dataclass(frozen=True)
class Square:
    """A number, in the `shade` of the one that it is a copy of."""

    x: int
    y: int
    shade: int


@dataclass(frozen=True)
class Copied:
    """`operand` was copied along `axes`. `small` are the squares of its own numbers, `large` those of what it was stretched to.

    `turned` says that it is a row, which is copied downwards.
    """

    operand: str
    own: str
    stretched: str
    axes: str
    turned: bool
    small: tuple[Square, ...]
    large: tuple[Square, ...]

    @property
    def side(self) -> tuple[int, int]:
        """How wide and how high `large` is."""
        return max(s.x for s in self.large) + CELL, max(s.y for s in self.large) + CELL

    @property
    def small_side(self) -> tuple[int, int]:
        return max(s.x for s in self.small) + CELL, max(s.y for s in self.small) + CELL


def copied(operation: Operation) -> Copied:
    """Return the picture of an operation whose operand was used again along some axes."""
    kept = [axis for axis, name in enumerate(operation.stretched) if axis not in operation.along and name != "1"]
    turned = bool(kept) and max(kept) > min(operation.along)
    own, copies = (ACROSS if turned else DOWN) if kept else 1, DOWN if turned else ACROSS
    return Copied(
        operand=operation.operand,
        own=spoken(operation.own),
        stretched=f"({', '.join(operation.stretched)}{',' * (len(operation.stretched) == 1)})",
        axes=together(operation.copies),
        turned=turned,
        small=tuple(_squares(own, 1, turned)),
        large=tuple(_squares(own, copies, turned)),
    )


def _squares(own: int, copies: int, turned: bool) -> Iterator[Square]:
    for number in range(own):
        for copy in range(copies):
            across, down = (number, copy) if turned else (copy, number)
            yield Square(across * CELL, down * CELL, number)
