"""A picture in coordinates: boxes with their rows of text, and the curves between them, which pass no box. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, chop_cells

from backprop_check.picture.layers import Place, ordered, ways
from backprop_check.picture.picture import Node, Picture
from backprop_check.picture.places import centres
from backprop_check.picture.sheets import sheets
from backprop_check.report.layout import visible, wrap

SIZE, CELL, ROW = 13, 8.0, 18
"""The height of letters, the room for one (of any fixed-width font), and that for a row of text."""

SIDE, TOP = 11, 8
"""What is free within a box beside the text, and above and below it."""

APART, GAP, EDGE = 26, 46, 12
"""What is free between the boxes of a layer, between two layers, and around the whole."""

NARROWEST, WIDEST = 22, 34
"""In letters: how wide a box may always be, and how long a row of code before it is broken."""

PORT = 34
"""How far edges are apart where they meet a box, if there is room."""


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


@dataclass(frozen=True)
class Drawing:
    """`boxes` in the order of the nodes; `curves` are the edges in theirs, as SVG paths from the operand down to the line; `sheets` are
    the parts to be printed, each with its top and its height."""

    width: float
    height: float
    sheets: tuple[tuple[float, float], ...]
    boxes: tuple[Box, ...]
    curves: tuple[str, ...]


Texts = Sequence[Sequence[tuple[str, str]]]
"""The rows of a box, each of one or two pieces: what it is, and the text."""


def drawing(picture: Picture) -> Drawing:
    """Return the picture in coordinates."""
    pairs = [(edge.source, edge.target) for edge in picture.edges]
    arguments = [node.name for node in picture.nodes if not node.source]
    layer, passed = ways([node.name for node in picture.nodes], arguments, pairs)
    rows = ordered(layer, passed)
    texts = {(node.name, layer[node.name]): _texts(node) for node in picture.nodes}
    widths = {place: _wide(texts[place]) if place in texts else 0.0 for row in rows for place in row}
    middles = {place: middle + EDGE for place, middle in centres(rows, passed, widths, arguments, APART).items()}
    tops = [float(EDGE)]
    for row in rows:
        tops.append(tops[-1] + max(_high(texts[place]) for place in row if place in texts) + GAP)
    boxes = {node.name: _box(node, middles[place], tops[place[1]], texts[place]) for node, place in zip(picture.nodes, texts, strict=True)}
    wide = max(box.x + box.width for box in boxes.values()) + EDGE
    return Drawing(
        width=wide,
        height=tops[-1] - GAP + EDGE,
        sheets=tuple(sheets(tops, GAP, wide)),
        boxes=tuple(boxes.values()),
        curves=tuple(_curves(passed, boxes, middles, tops)),
    )


def _texts(node: Node) -> Texts:
    source = wrap(f"= {node.source}", WIDEST) if node.source else []
    code = [("code", piece) for line in source for piece in chop_cells(line, WIDEST)]
    below = [*code, ("verdict", node.verdict)]
    head = [("name", visible(node.name)), ("shape", node.shape)]
    room = max(NARROWEST, *(cell_len(text) for _, text in below))
    together = cell_len(head[0][1]) + 2 + cell_len(head[1][1]) <= room
    return [*([head] if together else [[piece] for piece in head]), *([piece] for piece in below)]


def _wide(rows: Texts) -> float:
    return 2 * SIDE + CELL * max(sum(cell_len(text) for _, text in row) + 2 * (len(row) - 1) for row in rows)


def _high(rows: Texts) -> float:
    return 2 * TOP + ROW * len(rows)


def _box(node: Node, middle: float, top: float, texts: Texts) -> Box:
    width, left = _wide(texts), middle - _wide(texts) / 2
    rows = [
        Row(left + width - SIDE if place else left + SIDE, top + TOP + ROW * i + SIZE, text, kind, right=place > 0)
        for i, row in enumerate(texts)
        for place, (kind, text) in enumerate(row)
    ]
    return Box(node, left, top, width, _high(texts), tuple(rows))


def _curves(
    passed: Sequence[Sequence[Place]], boxes: Mapping[str, Box], middles: Mapping[Place, float], tops: Sequence[float]
) -> Iterator[str]:
    leaving = _ports([(way[0], way[1]) for way in passed], boxes, middles)
    coming = _ports([(way[-1], way[-2]) for way in passed], boxes, middles)
    for way in passed:
        x, y = leaving[way[0], way[1]], boxes[way[0][0]].y + boxes[way[0][0]].height
        drawn = [f"M{x:.1f} {y:.1f}"]
        for place in way[1:]:
            bottom, top = tops[place[1]] - GAP, tops[place[1]]
            to = coming[place, way[-2]] if place is way[-1] else middles[place]
            drawn += [f"V{bottom:.1f}"] * (bottom > y)  # a line of no length has no direction, and turns arrowheads
            drawn.append(f"C{x:.1f} {bottom + GAP / 2:.1f} {to:.1f} {top - GAP / 2:.1f} {to:.1f} {top:.1f}")
            x, y = to, top
        yield "".join(drawn)


def _ports(
    ends: Sequence[tuple[Place, Place]], boxes: Mapping[str, Box], middles: Mapping[Place, float]
) -> dict[tuple[Place, Place], float]:
    """Where edges meet a box: side by side around its middle, in the order of where they come from or go."""
    met: dict[Place, set[Place]] = {}
    for here, there in ends:
        met.setdefault(here, set()).add(there)
    found = {}
    for here, others in met.items():
        apart = min(PORT, (boxes[here[0]].width - 2 * SIDE) / len(others))
        for i, there in enumerate(sorted(others, key=lambda place: (middles[place], place))):
            found[here, there] = middles[here] + (i - (len(others) - 1) / 2) * apart
    return found
