"""What the author's own choices of sizes (`SIZES`) cannot tell apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations, islice, product

import torch

from backprop_check.authoring.finding import Finding
from backprop_check.authoring.relations import standing
from backprop_check.errors import BadInput
from backprop_check.exercise.numbers import axis_lengths
from backprop_check.trace.graph import Graph

TRIED = 200
"""Other choices of sizes at which the forward is tried, to tell a relation that it needs from one that came about by chance."""

REACH = 4
"""How far beyond the largest size a choice is looked for."""


def size_findings(graph: Graph) -> Iterator[Finding]:
    """Yield what is wrong with the choices in `SIZES`.

    A relation that holds in every choice is wrong only if the forward also runs without it: then a choice that does without is offered.
    """
    if not graph.scope.get("SIZES"):
        return
    for sizes in graph.sizes[1:]:
        same = [name for name in sizes if list(sizes.values()).count(sizes[name]) > 1]
        if same:
            yield _finding(graph, f"in {_listed(sizes)}, {' and '.join(same)} are equal, which hides a transpose. Make them different.")
        if min(sizes.values()) < 2:
            yield _finding(graph, f"{_listed(sizes)} has a size less than 2: an axis of length 1 hides a missing sum. Make it larger.")
    if not _three(graph):
        yield _finding(graph, "answers are tried at three choices of sizes: list two beside the exercise's own, with other sizes.")
    elif (better := _better(graph)) is not None:
        choice, other = better
        left = standing([*(s for s in graph.sizes if s != choice), other])
        broken = _all([relation for relation in standing(graph.sizes) if relation not in left])
        way = f"The forward also runs at {_listed(other)}: put it in the place of {_listed(choice)}."
        yield _finding(graph, f"in every choice of sizes {broken}, so an answer that is right only then would pass. {way}")


def size_notes(graph: Graph) -> list[str]:
    """The relations of `SIZES` that no choice which was tried could do without."""
    relations = standing(graph.sizes) if graph.scope.get("SIZES") and _three(graph) else []
    return [f"in every choice of SIZES {_all(relations)}: the forward runs at no other sizes that were tried."] if relations else []


def _three(graph: Graph) -> bool:
    return len({tuple(sizes.items()) for sizes in graph.sizes}) == 3


def _finding(graph: Graph, message: str) -> Finding:
    source = graph.exercise.source.split("\n")
    return Finding(graph.exercise.path, next((n for n, line in enumerate(source, 1) if line.startswith("SIZES")), 0), f"SIZES: {message}")


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
    every = range(2, max(max(sizes.values()) for sizes in graph.sizes) + REACH + 1)
    for count in (1, 2):
        changed = [
            (choice, {**choice, **dict(zip(names, values, strict=True))})
            for choice in reversed(listed)
            for names in combinations(choice, count)
            for values in product(*([n for n in every if n not in (choice[name], own[name])] for name in names))
        ]
        distinct = [(choice, other) for choice, other in changed if len(set(other.values())) == len(other)]
        yield from sorted(distinct, key=lambda pair: sum(abs(pair[0][n] - pair[1][n]) for n in own))


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
