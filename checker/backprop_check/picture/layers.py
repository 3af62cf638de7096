"""Put the nodes of a forward into layers, one below the other, so that few edges cross. Values in, values out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

import networkx as nx

Place = tuple[str, int]
"""A node, or an edge's way past a layer: the name of the node it comes from, and the layer."""

MOST, SWEEPS = 4, 12
"""How many nodes a layer may hold, unless one line alone has more operands; and how often the order within layers is improved."""


def ways(nodes: Iterable[str], arguments: Collection[str], pairs: Sequence[tuple[str, str]]) -> tuple[dict[str, int], list[list[Place]]]:
    """Return the layer of each node, and of each pair (operand, line) the places it passes, from the one to the other.

    `nodes` are in the forward's order. An argument stands just above its first user. Edges from one node share their way as long as they
    go side by side.
    """
    forward = nx.DiGraph()
    forward.add_nodes_from(nodes)
    forward.add_edges_from(pairs)
    layer: dict[str, int] = dict.fromkeys(arguments, 0)
    held: Counter[int] = Counter()
    waiting = set(layer)
    for line in [name for name in nx.lexicographical_topological_sort(forward, key=list(forward).index) if name not in layer]:
        depth = 1 + max((layer[operand] for operand in forward.pred[line]), default=0)
        beside = waiting & set(forward.pred[line])
        while held[depth] >= MOST or (held[depth - 1] and held[depth - 1] + len(beside) > MOST):
            depth += 1
        waiting -= beside
        held += Counter({depth: 1, depth - 1: len(beside)})
        layer[line] = depth
    layer |= {name: min(layer[user] for user in forward.succ[name]) - 1 for name in arguments if forward.succ[name]}
    return layer, [[(operand, depth) for depth in range(layer[operand], layer[user])] + [(user, layer[user])] for operand, user in pairs]


def ordered(layer: dict[str, int], passed: Sequence[Sequence[Place]]) -> list[list[Place]]:
    """Return the places of each layer from left to right: each at the mean of its neighbours', sweep after sweep, and the best is kept."""
    drawn = nx.DiGraph()
    for way in passed:
        nx.add_path(drawn, way)
    drawn.add_nodes_from(layer.items())
    rows: list[list[Place]] = [[place for place in drawn if place[1] == depth] for depth in range(max(layer.values()) + 1)]
    best, least = rows, _crossings(rows, drawn)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        sides = drawn.pred if down else drawn.succ
        at = {place: i for row in rows for i, place in enumerate(row)}
        moved = []
        for row in rows if down else reversed(rows):
            means = {p: sum(at[o] for o in sides[p]) / len(sides[p]) if sides[p] else float(at[p]) for p in row}
            moved.append(sorted(row, key=lambda place: (means[place], at[place])))
            at |= {place: i for i, place in enumerate(moved[-1])}
        rows = moved if down else moved[::-1]
        if (crossed := _crossings(rows, drawn)) < least:
            best, least = rows, crossed
    return best


def _crossings(rows: Sequence[Sequence[Place]], drawn: nx.DiGraph) -> int:
    at = {place: i for row in rows for i, place in enumerate(row)}
    count = 0
    for row in rows[:-1]:
        ends = [(at[place], at[below]) for place in row for below in drawn.succ[place]]
        count += sum((a - c) * (b - d) < 0 for i, (a, b) in enumerate(ends) for c, d in ends[i + 1 :])
    return count
