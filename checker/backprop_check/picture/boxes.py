"""The box of a node: the rows of its text, and how wide and high that makes it. Values in, values out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, chop_cells

from backprop_check.picture.picture import Node
from backprop_check.report.layout import visible

SIZE, CELL, ROW = 13, 8.0, 18
"""The height of letters, the room for one (of any fixed-width font), and that for a row of text."""

SIDE, TOP = 11, 8
"""What is free within a box beside the text, and above and below it."""

NARROWEST, WIDEST = 22, 34
"""In letters: how wide a box may always be, and how long a row of code before it is broken."""


@dataclass(frozen=True)
class Row:
    """A piece of text, and what it is: name, shape, code, verdict. It begins at `x`, or ends there if it is at the `right`."""

    x: float
    y: float
    text: str
    kind: str
    right: bool


@dataclass(frozen=True)
class Box:
    node: Node
    x: float
    y: float
    width: float
    height: float
    rows: tuple[Row, ...]


Texts = Sequence[Sequence[tuple[str, str]]]
"""The rows of a box, each of one or two pieces: what it is, and the text."""


def rows_of(node: Node) -> Texts:
    """Return what stands in the box of a node: name and shape, in one row where there is room, its line of code, and the verdict."""
    code = [("code", line) for line in _folded(visible(f"= {node.source}"))] if node.source else []
    below = [*code, ("verdict", node.verdict)]
    head = [("name", visible(node.name)), ("shape", node.shape)]
    room = max(NARROWEST, *(cell_len(text) for _, text in below))
    together = cell_len(head[0][1]) + 2 + cell_len(head[1][1]) <= room
    return [*([head] if together else [[piece] for piece in head]), *([piece] for piece in below)]


def _folded(code: str) -> Iterator[str]:
    """Break a line of code that is too long: behind a blank or an opening bracket, where there is one."""
    while cell_len(code) > WIDEST:
        most = len(chop_cells(code, WIDEST)[0])
        at = max((found.end() for found in re.finditer(r"[ (\[]", code[:most]) if found.end() > most / 3), default=most)
        yield code[:at].rstrip()
        code = f"  {code[at:].lstrip()}"
    yield code


def wide(rows: Texts) -> float:
    """Return how wide the box is."""
    return 2 * SIDE + CELL * max(sum(cell_len(text) for _, text in row) + 2 * (len(row) - 1) for row in rows)


def high(rows: Texts) -> float:
    """Return how high the box is."""
    return 2 * TOP + ROW * len(rows)


def box(node: Node, middle: float, top: float, texts: Texts) -> Box:
    """Return the box whose upper edge is at `top`."""
    width, left = wide(texts), middle - wide(texts) / 2
    rows = [
        Row(left + width - SIDE if place else left + SIDE, top + TOP + ROW * i + SIZE, text, kind, right=place > 0)
        for i, row in enumerate(texts)
        for place, (kind, text) in enumerate(row)
    ]
    return Box(node, left, top, width, high(texts), tuple(rows))
