"""Where each place of each layer stands from left to right: near its neighbours, and apart from those beside it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

from backprop_check.picture.layers import Place

ROUNDS = 24
STRAIGHT, CHAIN = 8.0, 4.0
"""How much more than an argument's edge count the way of a long edge, and an edge between two lines: they are to be straight."""


def centres(
    rows: Sequence[Sequence[Place]],
    passed: Sequence[Sequence[Place]],
    widths: Mapping[Place, float],
    arguments: Collection[str],
    apart: float,
) -> dict[Place, float]:
    """Return the middle of each place, the leftmost beginning at 0. What is no node has the width 0."""
    near: dict[Place, dict[Place, float]] = {place: {} for row in rows for place in row}
    for way in passed:
        for above, below in pairwise(way):
            bends = (widths[above] == 0) + (widths[below] == 0)
            near[above][below] = near[below][above] = STRAIGHT**bends * (1.0 if above[0] in arguments else CHAIN)
    at = {place: x for row in rows for place, x in zip(row, _settled(row, [0.0] * len(row), [1.0] * len(row), widths, apart), strict=True)}
    for turn in range(ROUNDS):
        for row in rows if turn % 2 == 0 else reversed(rows):
            weights = [sum(near[place].values()) or 0.1 for place in row]
            pulled = [
                sum(at[o] * w for o, w in near[p].items()) / weight if near[p] else at[p] for p, weight in zip(row, weights, strict=True)
            ]
            at |= dict(zip(row, _settled(row, pulled, weights, widths, apart), strict=True))
    left = min(x - widths[place] / 2 for place, x in at.items())
    return {place: x - left for place, x in at.items()}


def _settled(
    row: Sequence[Place], wanted: Sequence[float], weights: Sequence[float], widths: Mapping[Place, float], apart: float
) -> list[float]:
    """Return the middles nearest to those `wanted` (least squares) that keep the order and the distance.

    Less the distances that are due, the middles only have to rise: neighbours that do not are put together at their mean.
    """
    due = [0.0]
    for left, right in pairwise(row):
        due.append(due[-1] + (widths[left] + widths[right]) / 2 + apart)
    blocks: list[tuple[float, float, int]] = []  # mean, weight, how many
    for want, weight, offset in zip(wanted, weights, due, strict=True):
        mean, heavy, count = want - offset, weight, 1
        while blocks and blocks[-1][0] > mean:
            other, also, more = blocks.pop()
            mean, heavy, count = (mean * heavy + other * also) / (heavy + also), heavy + also, count + more
        blocks.append((mean, heavy, count))
    means = [mean for mean, _, count in blocks for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, due, strict=True)]
