"""What the author's own choices of sizes (`SIZES`) cannot tell apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, combinations, islice

import torch

from backprop_check.authoring.finding import Finding
from backprop_check.errors import BadInput
from backprop_check.exercise.numbers import axis_lengths
from backprop_check.exercise.relations import standing
from backprop_check.trace.graph import Graph

TRIED = 200
"""Other choices of sizes at which the forward is tried, to tell a relation that it needs from one that came about by chance."""

REACH = 4
"""How far beyond the largest size a choice is looked for."""


def size_findings(graph: Graph) -> Iterator[Finding]:
    """Yield what is wrong with the choices in `SIZES`.

    A relation that holds in every choice is one only if the forward also runs without it: then the choice that shows it is offered.
    """
    if not graph.scope.get("SIZES"):
        return
    path = graph.exercise.path
    for sizes in graph.sizes[1:]:
        same = [name for name in sizes if list(sizes.values()).count(sizes[name]) > 1]
        if same:
            yield Finding(path, 0, f"in {_listed(sizes)} of SIZES {' and '.join(same)} are equal: that hides a transpose. Make them different.")
        if min(sizes.values()) < 2:
            yield Finding(path, 0, f"{_listed(sizes)} of SIZES has a size less than 2: an axis of length 1 hides a missing sum. Make it larger.")
    if len({tuple(sizes.items()) for sizes in graph.sizes}) < 3:
        yield Finding(path, 0, "SIZES lists fewer than two choices beside the exercise's own sizes: list two, all sizes other than its own.")
        return
    better = _better(graph)
    if better is not None:
        relations, (choice, other) = standing(graph.sizes), better
        broken = [r for r in relations if r not in standing([*(s for s in graph.sizes if s != choice), other])]
        yield Finding(
            path,
            0,
            f"in every choice of SIZES {_all(broken)}: an answer that is right only then would pass. "
            f"The forward also runs without it: in SIZES, write {_listed(other)} for {_listed(choice)}.",
        )


def size_notes(graph: Graph) -> list[str]:
    """The relations of `SIZES` that no choice which was tried could do without."""
    if not graph.scope.get("SIZES") or len({tuple(sizes.items()) for sizes in graph.sizes}) < 3:
        return []
    relations = standing(graph.sizes)
    return [f"in every choice of SIZES {_all(relations)}: no other choice that was tried runs, so this is taken as meant."] if relations else []


def _better(graph: Graph) -> tuple[Mapping[str, int], Mapping[str, int]] | None:
    """A choice of `SIZES` and one that the forward takes as well and that leaves fewer relations, if there is one."""
    before = len(standing(graph.sizes))
    if not before:
        return None
    best = None
    for choice, other in islice(_others(graph), TRIED):
        left = len(standing([*(s for s in graph.sizes if s != choice), other]))
        if left < before and _runs(graph, other):
            best, before = (choice, other), left
            if not left:
                break
    return best


def _others(graph: Graph) -> Iterator[tuple[Mapping[str, int], Mapping[str, int]]]:
    """Choices that differ from one of `SIZES` in one size, the nearest first; then in two."""
    own, *listed = graph.sizes
    largest = max(max(sizes.values()) for sizes in graph.sizes) + REACH
    for count in (1, 2):
        found = []
        for choice in listed[::-1]:
            for names in combinations(choice, count):
                values = chain([()])
                for name in names:
                    values = chain(((*v, n) for v in list(values) for n in range(2, largest + 1) if n not in (choice[name], own[name])))
                found += [(choice, {**choice, **dict(zip(names, v, strict=True))}) for v in values]
        distinct = [(choice, other) for choice, other in found if len(set(other.values())) == len(other)]
        yield from sorted(distinct, key=lambda pair: sum(abs(pair[0][n] - pair[1][n]) for n in pair[0]))


def _runs(graph: Graph, sizes: Mapping[str, int]) -> bool:
    """Whether the forward runs at these sizes, with the shapes that its comments say."""
    try:
        values = graph.forward(graph.inputs(sizes, 1))
    except BadInput:
        return False
    comments = [(line.name, line.axes) for line in graph.exercise.lines]
    comments += [(target.node, target.axes) for target in graph.exercise.targets]
    said = [(axis_lengths(axes, sizes), values[name]) for name, axes in comments if axes]
    return all(lengths in (None, tuple(value.shape)) for lengths, value in said if isinstance(value, torch.Tensor))


def _listed(sizes: Mapping[str, int]) -> str:
    return f"dict({', '.join(f'{name}={n}' for name, n in sizes.items())})"


def _all(relations: list[str]) -> str:
    *rest, last = relations[:4]
    return f"{', '.join(rest)} and {last}" if rest else last
