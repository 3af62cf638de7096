"""What the page of a forward says: its nodes, who uses whom, and the steps of the gradient's way back. Values in, values out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from backprop_check.exercise.shapes import NUMBER
from backprop_check.picture.steps import Step, steps
from backprop_check.records import Exercise, Line, Trial
from backprop_check.report.graph import shape_text, state
from backprop_check.report.text import MARKS
from backprop_check.trace.author import silent
from backprop_check.trace.graph import Graph

WORDS = {"correct": "right", "incorrect": "wrong", "error": "error", "missing": "not written"}


@dataclass(frozen=True)
class Node:
    """A tensor of the forward; `source` is empty for an argument. `verdict` says what is known of its gradient, `status` is that of the
    last check, or "" where none is asked for.
    """

    name: str
    shape: str
    source: str
    verdict: str
    status: str


@dataclass(frozen=True)
class Edge:
    """The line of `target` reads `source`; `flows` says whether a gradient comes back along it."""

    source: str
    target: str
    flows: bool


@dataclass(frozen=True)
class Number:
    """A line that names a plain number, and the lines that use it."""

    name: str
    source: str
    users: tuple[str, ...]


@dataclass(frozen=True)
class Picture:
    """All that the page shows. Edges are counted from 0 in their order; the arrivals of the `steps` name them by that."""

    id: str
    title: str
    sizes: str
    state: str
    notices: tuple[str, ...]
    output: str
    nodes: tuple[Node, ...]
    numbers: tuple[Number, ...]
    edges: tuple[Edge, ...]
    steps: tuple[Step, ...]


@silent()
def picture(
    graph: Graph, trials: Sequence[Trial], shapes: Mapping[str, str], statuses: Mapping[str, str], changed: bool, answers: Iterable[str]
) -> Picture:
    """Return the page's content.

    `shapes` are axes by name, or `NUMBER`; `statuses` is the outcome of the last check by target, and `changed` says that the file is
    another since. Of `answers`, expressions that are gradients here, none is said.
    """
    exercise = graph.exercise
    tensors = [name for name in exercise.names if shapes[name] != NUMBER]
    pairs = [(operand, line.name) for line in exercise.lines if line.name in tensors for operand in _reads(line) if operand in tensors]
    back = steps(graph, trials, pairs, answers)
    flowing = {arrival.edge for step in back for arrival in step.arrivals if arrival.flows}
    nodes = (
        Node(name, shape_text(exercise, shapes[name]), _source(exercise, name), *_verdict(exercise, name, trials[0], statuses))
        for name in tensors
    )
    return Picture(
        id=exercise.id,
        title=exercise.title,
        sizes=", ".join(f"{name} = {n}" for name, n in exercise.sizes.items()),
        state=state(exercise, statuses, changed),
        notices=exercise.notices,
        output=exercise.output,
        nodes=tuple(nodes),
        numbers=tuple(_numbers(exercise, [name for name in exercise.names if name not in tensors])),
        edges=tuple(Edge(*pair, flows=i in flowing) for i, pair in enumerate(pairs)),
        steps=back,
    )


def _reads(line: Line) -> list[str]:
    """The names that a line reads, as they stand from left to right."""
    return sorted(line.reads, key=lambda name: found.start() if (found := re.search(rf"\b{re.escape(name)}\b", line.source)) else 0)


def _source(exercise: Exercise, name: str) -> str:
    return next((" ".join(line.source.split()) for line in exercise.lines if line.name == name), "")


def _numbers(exercise: Exercise, names: Sequence[str]) -> Iterator[Number]:
    for name in names:
        yield Number(name, _source(exercise, name), tuple(line.name for line in exercise.lines if name in line.reads))


def _verdict(exercise: Exercise, name: str, trial: Trial, statuses: Mapping[str, str]) -> tuple[str, str]:
    gradient = f"d{name}"
    if any(target.name == gradient for target in exercise.targets):
        status = statuses.get(gradient, "missing")
        return f"{MARKS[status][0]} {gradient} {WORDS[status]}", status
    if gradient in exercise.parameters:
        return f"{gradient} is given", ""
    if name == exercise.output:
        return "the output", ""
    return (f"{gradient} is not asked for" if gradient in trial.gradients else "no gradient"), ""
