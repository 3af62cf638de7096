"""The gradient's way back, step by step: what arrives at which lines, and by which laws it goes on. No expression of an answer is said."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import networkx as nx

from backprop_check.derivation.derive import Underivable, derive
from backprop_check.derivation.lesson import ways
from backprop_check.derivation.table import TABLE
from backprop_check.exercise.sizes import axes
from backprop_check.picture.copied import Copied, copied
from backprop_check.records import Exercise, Line, Operation, Trial
from backprop_check.report.hint.fillings import spoken, together
from backprop_check.report.hint.laws import NOTHING, bare, meeting
from backprop_check.trace.graph import Graph
from backprop_check.trace.response import responds

UNKNOWN = "The table of laws does not know this line."


@dataclass(frozen=True)
class Arrival:
    """One line that uses the node, by the number of its edge: the gradient that `arrives` there, and what `laws` say of the way on.

    `flows` is false where nothing comes back.
    """

    edge: int
    user: str
    code: str
    arrives: str
    laws: tuple[str, ...]
    copied: tuple[Copied, ...]
    flows: bool


@dataclass(frozen=True)
class Step:
    """The gradient of one node: its axes, its arrivals, and what is said of all of them together."""

    node: str
    gradient: str
    axes: str
    arrivals: tuple[Arrival, ...]
    said: str


def steps(graph: Graph, trials: Sequence[Trial], pairs: Sequence[tuple[str, str]], answers: Iterable[str]) -> tuple[Step, ...]:
    """Return the steps in an order in which each finds its gradients there: the exercise's where that is one.

    `pairs` are the edges, each (operand, line); `answers` are expressions that are not to be said.
    """
    order = _order(graph.exercise, trials[0], pairs)
    known = frozenset(trials[0].gradients)
    hidden = {bare(answer) for answer in [*answers, *_derived(graph, trials, order, known)]}
    return tuple(_step(graph, trials, node, pairs, known, hidden) for node in order)


def _order(exercise: Exercise, trial: Trial, pairs: Sequence[tuple[str, str]]) -> list[str]:
    targets = {target.node: i for i, target in enumerate(exercise.targets)}
    nodes = [name for name in exercise.names if f"d{name}" in trial.gradients]
    back = nx.DiGraph((user, operand) for operand, user in pairs if user in nodes and operand in nodes)
    back.add_nodes_from(nodes)
    return list(nx.lexicographical_topological_sort(back, key=lambda node: targets.get(node, -1)))


def _derived(graph: Graph, trials: Sequence[Trial], order: Iterable[str], known: frozenset[str]) -> Iterator[str]:
    for node in order:
        try:
            yield derive(graph, node, trials, known - {f"d{node}"}).text
        except Underivable:
            continue


def _step(
    graph: Graph, trials: Sequence[Trial], node: str, pairs: Sequence[tuple[str, str]], known: frozenset[str], hidden: Collection[str]
) -> Step:
    exercise, lines = graph.exercise, {line.name: line for line in graph.exercise.lines}
    uses = [(edge, lines[user]) for edge, (operand, user) in enumerate(pairs) if operand == node and f"d{user}" in known]
    arrivals = tuple(_arrival(graph, trials, node, edge, line, known, hidden) for edge, line in uses)
    coming = [arrival for arrival in arrivals if arrival.flows]
    if node == exercise.output:
        given = f"`{node}` is what is differentiated: 1 arrives."
        if exercise.takes_cotangent:
            given = f"`d{node}` is given: it comes from above, drawn at random."
        return Step(node, f"d{node}", _axes(trials, node), arrivals, given)
    said = "" if arrivals else f"`{node}` is used by no line that has a gradient: nothing comes back."
    if len(coming) > 1:
        said = f"`{node}` is used by {together(f'`{a.user}`' for a in coming)}: what comes back from them adds up."
    return Step(node, f"d{node}", _axes(trials, node), arrivals, said)


def _arrival(
    graph: Graph, trials: Sequence[Trial], node: str, edge: int, line: Line, known: frozenset[str], hidden: Collection[str]
) -> Arrival:
    found = ways(graph, line, node, trials, known)
    operations = [operation for way in found or () for operation in way]
    flows = bool(found) if found is not None else responds(graph, trials[0], line, node)
    laws = [] if found else [UNKNOWN] if flows else [NOTHING]
    laws += [_law(operation, hidden) for operation in operations]
    laws += [shapes for operation in operations if (shapes := meeting(operation))]
    if found is not None and len(found) > 1:
        laws.append(f"`{node}` stands in this line {'twice' if len(found) == 2 else f'{len(found)} times'}: what comes back adds up.")
    one = line.name == graph.exercise.output and not graph.exercise.takes_cotangent
    arrives = "1" if one else f"`d{line.name}`, {spoken(_axes(trials, line.name))},"
    pictures = (copied(operation) for operation in operations if operation.along)
    code = f"{line.name} = {' '.join(line.source.split())}"
    return Arrival(edge, line.name, code, arrives, tuple(dict.fromkeys(laws)), tuple(dict.fromkeys(pictures)), flows)


def _law(operation: Operation, hidden: Collection[str]) -> str:
    """The law without the slope written out, which with what arrives would be the answer."""
    if TABLE[operation.name].slope:
        return f"Number by number: the slope of {operation.name} there, times what arrives."
    said = bare(operation.law)
    if any(answer in said for answer in hidden if not answer.isidentifier()):
        return f"Of {operation.name}: its slope at what stands here, times what arrives."
    return operation.law


def _axes(trials: Sequence[Trial], node: str) -> str:
    return axes([tuple(trial.gradients[f"d{node}"].shape) for trial in trials], [trial.sizes for trial in trials])
