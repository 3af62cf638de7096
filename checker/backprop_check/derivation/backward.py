"""Derive the whole backward of an exercise, one target after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from backprop_check.derivation.derive import Derivation, Derived, Term, Underivable, derive
from backprop_check.derivation.named import Named, lines
from backprop_check.exercise.sizes import axes
from backprop_check.records import Line, Trial
from backprop_check.trace.graph import Graph
from backprop_check.trace.oracle import trace

SEEDS = range(3)


@dataclass(frozen=True)
class Written:
    """One target: its derivation, or what of it is outside the table."""

    name: str
    axes: str
    derived: Derived | None
    outside: str = ""

    @property
    def why_not(self) -> str:
        """What is said of a target that could not be derived."""
        return f"not derived: {self.outside} is outside the table of operations"


def trials(graph: Graph) -> list[Trial]:
    """One trial for each choice of sizes."""
    return [trace(graph, seed, sizes) for seed, sizes in zip(SEEDS, graph.sizes, strict=False)]


def backward(graph: Graph, known: Sequence[Trial] | None = None) -> Iterator[Written]:
    """Yield every target of the exercise, derived with the gradients of the targets before it."""
    known = known or trials(graph)
    output = "d" + graph.exercise.output
    available = {output} if known[0].gradients[output].dim() else set()
    for target in graph.exercise.targets:
        shape = axes([tuple(trial.gradients[target.name].shape) for trial in known], [trial.sizes for trial in known])
        try:
            yield Written(target.name, shape, derive(graph, target.node, known, available))
        except Underivable as error:
            yield Written(target.name, shape, None, str(error))
        available.add(target.name)


def named_lines(graph: Graph, written: Written) -> tuple[Named, ...]:
    """The lines of a target that was derived; its helpers have names that nothing else has."""
    assert written.derived is not None
    exercise = graph.exercise
    taken = {*graph.scope, *exercise.names, *exercise.parameters, *(f"d{name}" for name in exercise.names)}
    return lines(written.name, written.derived.expression, taken)


def reasons(graph: Graph, derived: Derived) -> list[tuple[Line, str]]:
    """For each use of the node, the line it stands in, and in sentences why its part of the gradient is as it is."""
    if not derived.terms:
        users = [line for line in graph.exercise.lines if derived.node in line.reads]
        return [(line, "No gradient flows back through this use.") for line in users]
    stretches = any(step.stretched for term in derived.terms for step in term.steps)
    known = trials(graph) if stretches else []
    others = [Derivation(graph, trial, frozenset(trial.gradients)).of(derived.node).terms for trial in known]
    seen = list(zip(*others, strict=True)) if stretches else [(term,) for term in derived.terms]
    return [(term.line, " ".join(_sentences(graph, term, same))) for term, same in zip(derived.terms, seen, strict=True)]


def _sentences(graph: Graph, term: Term, seen: Sequence[Term]) -> Iterator[str]:
    """The law of each operation, what arrives, and what was stretched; `seen` is the term at every choice of sizes."""
    yield from dict.fromkeys(step.law for step in term.steps)
    if term.line.name == graph.exercise.output and not graph.exercise.takes_cotangent:
        yield f"{term.line.name} is what is differentiated: 1 arrives."
    else:
        yield f"From above arrives d{term.line.name}."
    for steps in zip(*(one.steps for one in seen), strict=True):
        if all(step.stretched is not None for step in steps):
            own = axes([step.own for step in steps], graph.sizes)
            stretched = axes([step.stretched or () for step in steps], graph.sizes)
            yield f"{steps[0].operand}, {own}, was stretched to {stretched}: the sum takes its copies together again."
