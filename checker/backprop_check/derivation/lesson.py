"""What a graph teaches of one gradient: the laws on its way back, and one number followed through the chain rule."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

import torch

from backprop_check.comparison.compare import largest
from backprop_check.derivation.derive import Derivation, Step, Underivable, derive
from backprop_check.derivation.trees import lenders, text
from backprop_check.exercise.sizes import axes, axis_name
from backprop_check.records import Exercise, Lesson, Line, Moved, Operation, Submission, Trial, Use, Verdict
from backprop_check.trace.author import silent
from backprop_check.trace.graph import Graph, one_thread
from backprop_check.trace.response import moves, response

SHOWN, BEYOND = 4, 4

LONG = 40
"""From more lines on, what arrives at one of them is not derived to tell of its operations."""


@silent()
@one_thread()
def lesson(graph: Graph, submission: Submission, verdict: Verdict) -> Lesson:
    """Return what the graph teaches of the target of `verdict`, at the number of its node where the answer is furthest off."""
    name = verdict.target.name
    known = _available(graph.exercise, submission, name)
    return taught(graph, [run.trial for run in verdict.runs], name, _place(verdict), known, verdict.runs[0].answers[name].value)


class Way(NamedTuple):
    """A gradient as it is derived, None where it cannot be, and the laws of the operations on its way back."""

    name: str
    expression: str | None
    laws: frozenset[str]


@silent()
@one_thread()
def way_back(graph: Graph, submission: Submission, verdict: Verdict) -> Way:
    """Return of the target of `verdict` what `lesson` says of its expression and its laws, in a third of the time."""
    name, node, trials = verdict.target.name, verdict.target.node, [run.trial for run in verdict.runs]
    try:
        found = derive(graph, node, trials, _available(graph.exercise, submission, name))
    except Underivable:
        told = lesson(graph, submission, verdict)
        return Way(name, told.expression, frozenset(step.law for use in told.uses for way in use.ways for step in way))
    return Way(name, found.text, frozenset(step.law for term in found.terms for step in term.steps))


def taught(
    graph: Graph, trials: Sequence[Trial], name: str, at: tuple[int, ...], known: frozenset[str], answer: torch.Tensor | None = None
) -> Lesson:
    """Return what the graph teaches of the gradient `name` at one of its numbers, where those in `known` are there before it."""
    node, oracle = name[1:], trials[0].gradients[name]
    uses = tuple(_use(graph, line, node, at, trials, known) for line in users(graph.exercise, node, trials[0].gradients))
    expression, outside = _expression(graph, node, trials, known)
    return Lesson(
        name=name,
        axes=axes([tuple(trial.gradients[name].shape) for trial in trials], [trial.sizes for trial in trials]),
        place=_index(at),
        uses=uses,
        beyond=_beyond(graph, uses, trials, known),
        gradient=oracle[at].item(),
        given=answer[at].item() if answer is not None and answer.shape == oracle.shape else None,
        expression=expression,
        outside=outside,
        shapes=_shapes(trials),
    )


def _available(exercise: Exercise, submission: Submission, name: str) -> frozenset[str]:
    """The gradients that are there when this one is written: those the learner finishes before it, or the exercise names before it."""
    targets = [target.name for target in exercise.targets]
    given = {"d" + exercise.output} if exercise.takes_cotangent else set()
    last = {n: s.index for s in submission.statements for n in s.writes}
    own = [s.index for s in submission.statements if name in s.writes]
    before = {n for n in targets if last.get(n, -1) < own[0]} if own else set(targets[: targets.index(name)])
    return frozenset(given | before - {name})


def _place(verdict: Verdict) -> tuple[int, ...]:
    """Where the answer is furthest off at the nominal sizes; without numbers to compare, where the gradient is largest."""
    name = verdict.target.name
    oracle, answer = verdict.runs[0].trial.gradients[name], verdict.runs[0].answers[name].value
    if answer is not None and answer.shape == oracle.shape:
        off = (answer.to(torch.float64) - oracle).abs().nan_to_num(nan=torch.inf)
    else:
        off = oracle.abs()
        raised = verdict.runs[0].answers[name].raised
        if raised is not None and raised.kind == "IndexError" and oracle.dim() > 1:
            places = torch.meshgrid(*map(torch.arange, oracle.shape), indexing="ij")
            off = torch.where(torch.stack(places).diff(dim=0).eq(0).any(0), 0.0, off)  # where indices are equal, exchanged ones are right
    return largest(off)[1] or ()


def _index(at: Sequence[int]) -> str:
    return f"[{', '.join(map(str, at))}]" if at else ""


def users(exercise: Exercise, node: str, known: Collection[str]) -> tuple[Line, ...]:
    """The lines that use a node and that a gradient flows through; not those that it only lends its shape."""
    return tuple(line for line in exercise.lines if node in line.reads and "d" + line.name in known and node not in lenders(line.source))


def _use(graph: Graph, line: Line, node: str, at: tuple[int, ...], trials: Sequence[Trial], known: frozenset[str]) -> Use:
    upstream = trials[0].gradients["d" + line.name]
    try:
        slopes = response(graph, trials[0], line, node, at)
    except RuntimeError:  # an operation that torch cannot differentiate twice
        slopes = torch.full_like(upstream, torch.nan)
    slopes = torch.where(slopes.abs() <= _rounding(trials[0], line, node), 0.0, slopes)
    terms = slopes * upstream
    places = slopes.nonzero().tolist()
    largest = sorted(places, key=lambda place: -abs(terms[tuple(place)].item()))[: SHOWN if len(places) > SHOWN + 1 else None]
    moved = [Moved(line.name + _index(p), slopes[tuple(p)].item(), upstream[tuple(p)].item()) for p in sorted(largest)]
    use = _unmeasured(graph, line, node, trials, known)
    flows = bool(places or use.ways) or any(moves(graph, trial, line, node) for trial in trials)
    return replace(use, moved=tuple(moved), count=len(places), share=terms.sum().item(), flows=flows)


def _rounding(trial: Trial, line: Line, node: str) -> float:
    """Up to which size a slope is what rounding leaves of terms that cancel, as of log_softmax through the sum of its probabilities."""
    sizes = (torch.as_tensor(trial.values[name], dtype=torch.float64).abs() for name in (line.name, node))
    moved, moves = (float(size.where(size.isfinite(), 0.0).max()) for size in sizes)
    return 1e-13 * moved / moves if moves else 0.0


def _unmeasured(graph: Graph, line: Line, node: str, trials: Sequence[Trial], known: frozenset[str]) -> Use:
    name = "d" + line.name
    shape = axes([tuple(trial.gradients[name].shape) for trial in trials], [trial.sizes for trial in trials])
    named = {*(target.name for target in graph.exercise.targets), *graph.exercise.parameters}
    return Use(node, line, shape, name if name in named else "", ways(graph, line, node, trials, known) or (), (), 0, 0.0, True)


def _beyond(graph: Graph, uses: Sequence[Use], trials: Sequence[Trial], known: frozenset[str]) -> tuple[Use, ...]:
    """The uses of lines whose gradients have no name, each once, nearest first; of a long way its beginning."""
    found: list[Use] = []
    waiting = list(uses)
    while waiting and len(found) < BEYOND:
        name = waiting[0].line.name
        if not waiting.pop(0).upstream and name not in {use.node for use in found}:
            later = [_unmeasured(graph, line, name, trials, known) for line in users(graph.exercise, name, trials[0].gradients)]
            found += later
            waiting += later
    return tuple(found)


def ways(graph: Graph, line: Line, node: str, trials: Sequence[Trial], known: frozenset[str]) -> tuple[tuple[Operation, ...], ...] | None:
    """Return the operations down to each use of the node, their shapes seen in every trial; None where one is outside the table."""
    if len(graph.exercise.lines) > LONG:
        known = known | {"d" + line.name}  # by name: its expression is long, and says nothing of this line
    seers = [Derivation(graph, trial, known) for trial in trials]
    try:
        seen = [[term.steps for term in seer.terms(line, node)] for seer in seers]
        return tuple(tuple(_operation(same, seers) for same in zip(*steps, strict=True)) for steps in zip(*seen, strict=True))
    except Underivable:
        return None


def _operation(steps: Sequence[Step], seers: Sequence[Derivation]) -> Operation:
    """One operation, from what each trial shows of it."""
    sizes = [seer.trial.sizes for seer in seers]
    first = steps[0]
    others = [(text(other), [seer.evaluate(other) for seer in seers]) for other in first.others]
    shapes = [step.stretched for step in steps if step.stretched is not None]
    stretched = shapes[0] if len(shapes) == len(steps) else ()
    before = len(stretched) - len(first.own)
    along = (a for a, n in enumerate(stretched) if a < before or (first.own[a - before] == 1 and n != 1))
    return Operation(
        name=first.name,
        law=first.law,
        text=text(first.whole),
        operand=first.operand,
        own=axes([step.own for step in steps], sizes),
        result=axes([step.result for step in steps], sizes),
        stretched=tuple(axis_name([shape[axis] for shape in shapes], sizes) for axis in range(len(stretched))),
        along=tuple(along),
        beside=tuple((said, axes([v.shape for v in values], sizes)) for said, values in others if isinstance(values[0], torch.Tensor)),
    )


def _expression(graph: Graph, node: str, trials: Sequence[Trial], known: frozenset[str]) -> tuple[str | None, str]:
    """The derived gradient, or why there is none."""
    if node == graph.exercise.output and not trials[0].gradients["d" + node].dim():
        return f"torch.ones_like({node})", ""
    try:
        return derive(graph, node, trials, known).text, ""
    except Underivable as error:
        return None, f"{error} is outside the table of laws"


def _shapes(trials: Sequence[Trial]) -> dict[str, str]:
    sizes = [trial.sizes for trial in trials]
    values = [{**trial.values, **trial.gradients} for trial in trials]
    return {n: axes([tuple(v[n].shape) for v in values], sizes) for n, first in values[0].items() if isinstance(first, torch.Tensor)}
