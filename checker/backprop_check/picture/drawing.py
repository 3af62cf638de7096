"""A picture in coordinates: boxes with their rows of text, and the curves between them, which pass no box. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from backprop_check.picture.boxes import SIDE, Box, box, high, rows_of, wide
from backprop_check.picture.layers import Place, ordered, ways
from backprop_check.picture.picture import Picture
from backprop_check.picture.places import centres
from backprop_check.picture.sheets import sheets

APART, GAP, EDGE = 26, 46, 12
"""What is free between the boxes of a layer, between two layers, and around the whole."""

PORT = 34
"""How far edges are apart where they meet a box, if there is room."""


@dataclass(frozen=True)
class Drawing:
    """`curves` are the edges, as SVG paths from the operand down to the line; `sheets` are the parts to print, each with top and height."""

    width: float
    height: float
    sheets: tuple[tuple[float, float], ...]
    boxes: tuple[Box, ...]
    curves: tuple[str, ...]


def drawing(picture: Picture) -> Drawing:
    """Return the picture in coordinates."""
    pairs = [(edge.source, edge.target) for edge in picture.edges]
    arguments = [node.name for node in picture.nodes if not node.source]
    layer, passed = ways([node.name for node in picture.nodes], arguments, pairs)
    rows = ordered(layer, passed)
    texts = {(node.name, layer[node.name]): rows_of(node) for node in picture.nodes}
    widths = {place: wide(texts[place]) if place in texts else 0.0 for row in rows for place in row}
    middles = {place: middle + EDGE for place, middle in centres(rows, passed, widths, arguments, APART).items()}
    tops = [float(EDGE)]
    for row in rows:
        tops.append(tops[-1] + max(high(texts[place]) for place in row if place in texts) + GAP)
    boxes = {node.name: box(node, middles[place], tops[place[1]], texts[place]) for node, place in zip(picture.nodes, texts, strict=True)}
    width = max(each.x + each.width for each in boxes.values()) + EDGE
    return Drawing(
        width=width,
        height=tops[-1] - GAP + EDGE,
        sheets=tuple(sheets(tops, GAP, width)),
        boxes=tuple(boxes.values()),
        curves=tuple(_curves(passed, boxes, middles, tops)),
    )


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
