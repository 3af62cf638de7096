"""Compare a gradient that is there with the one autograd left, and explain it by the forward, where that can be rebuilt."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch

from backprop_check.comparison.compare import EXACT, close, compare
from backprop_check.diagnosis.evaluate import Evaluator, Failed, Refused
from backprop_check.diagnosis.explain import explain
from backprop_check.diagnosis.fold import fold, statement_nodes
from backprop_check.diagnosis.work import Work
from backprop_check.errors import BadInput
from backprop_check.live.asked import Asked, Compared, answer_of
from backprop_check.live.caller import Caller
from backprop_check.live.forward import forward
from backprop_check.live.learner import ROUNDED, Learner, is_right, recorded
from backprop_check.live.rebuild import definitions, outputs
from backprop_check.live.recorded import LIVE, SINGLE, Found, candidates, custom_functions
from backprop_check.live.source import from_source
from backprop_check.recording import Value, latest
from backprop_check.recording.graph import shaken
from backprop_check.recording.recorder import reads
from backprop_check.records import Answer, Run, Submission, Target, Trial, Verdict
from backprop_check.submission.statements import gradients_used
from backprop_check.trace.graph import Graph
from backprop_check.trace.oracle import in_float64

FORGIVEN = 1e-8
"""The difference that `torch.allclose` forgives whatever the numbers are: what can be said where no forward tells their scale."""


def compared(caller: Caller, asked: Asked, output: torch.Tensor | None = None) -> Compared:
    """Compare one gradient with autograd's. `output` is what was differentiated, where the caller said it.

    Raises `BadInput` where autograd kept no gradient of the tensor and the forward cannot be had to ask again.
    """
    with torch._C.DisableTorchFunction():  # what is computed here is nobody's to record
        return _compared(caller, asked, output)


def _compared(caller: Caller, asked: Asked, output: torch.Tensor | None) -> Compared:
    found = _found(caller, asked, output)
    if found is None and asked.gradient is None:
        raise BadInput(_no_gradient(asked))
    return _against(caller, asked, found)


def against(caller: Caller, asked: Asked, found: Found) -> Compared:
    """Compare one gradient with that of a forward that is known."""
    with torch._C.DisableTorchFunction():
        return _against(caller, asked, found)


def _against(caller: Caller, asked: Asked, found: Found | None) -> Compared:
    node = found.node if found is not None else asked.node
    target = "d" + node
    trial = found.trial if found is not None else _trial_of(asked.tensor, asked.gradient, target)
    answer = answer_of(asked.given)
    run = Run(replace(trial, dtype=_rounding(asked.tensor)), {target: answer})
    difference = compare(run, target)
    verdict = Verdict(Target(target, 1, ""), "correct" if difference.wrong == "" else "incorrect", (run,), (difference,), 0)
    bare = Compared(asked.name, asked.node, difference, verdict, found)
    if found is None or answer.state != "tensor" or is_autograds(asked):
        return bare
    return _judged(caller, asked, bare, found)


def is_autograds(asked: Asked) -> bool:
    """Whether what is given is autograd's own gradient, or a copy of it: there are no lines of the learner's behind it."""
    recorder, kept = latest(), asked.tensor.grad if asked.tensor.is_leaf or asked.tensor.retains_grad else None
    if recorder is None or kept is None or not isinstance(asked.given, torch.Tensor):
        return asked.given is kept
    value: Value | None = recorder.value_of(asked.given)
    while value is not None and value.call is not None and value.call.name in ("clone", "detach", "__get__", "contiguous", "to", "view"):
        value = next(reads(value.call), None)
    return value is not None and value.tensor is kept


def times_too_large(caller: Caller, asked: Asked) -> int | None:
    """How many times its gradient `tensor.grad` is, where so many calls of `backward()` on one output stand in the source.

    Gradients add up. What the source does not show as often has another reason.
    """
    known = definitions(caller)
    autograd = asked.gradient
    for name in outputs(caller, known):
        found = forward(caller, name, known, asked.node)
        times = sum(is_plain_backward(call, name) for call in caller.calls())
        if found is None or autograd is None or times < 2:
            continue
        trial, oracle = found[1], found[1].gradients["d" + asked.node]
        if oracle.shape != autograd.shape or not oracle.any():
            continue
        if close(autograd.to(torch.float64) / times, oracle, trial.scales["d" + asked.node], SINGLE):
            return times
    return None


def is_plain_backward(call: ast.Call, name: str) -> bool:
    """Whether a call is `name.backward()`."""
    match call:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=of), attr="backward"), args=[]):
            return of == name
    return False


def _found(caller: Caller, asked: Asked, output: torch.Tensor | None) -> Found | None:
    """Return the forward and its oracle, where its gradient is the one that autograd left: as it was recorded, else from the source."""
    last: Found | None = None
    for found in candidates(caller, asked.tensor, output):
        last = last or found
        if found.custom or _agrees(asked, found.trial, found.node, _live(found)):
            return replace(found, same=found.same or _times(asked, last, found.passes))
    known = definitions(caller)
    named = next((n for n, v in caller.names.items() if v is output), None) if output is not None else None
    if asked.tensor is not caller.names.get(asked.node) or (output is not None and named is None):
        return None
    for name in (named,) if named is not None else outputs(caller, known):
        there = forward(caller, name, known, asked.node)
        if there is not None and _agrees(asked, there[1], asked.node, {n: caller.names.get(n) for n in there[1].values}):
            return Found(there[0], there[1], asked.node, custom=custom_functions([caller.names[name]]))
    return None


def _times(asked: Asked, last: Found, passes: int) -> bool:
    """Whether the gradient that autograd left is so many times that of the last pass."""
    if asked.gradient is None or last.node not in last.trial.values or last.passes != 1:
        return False
    due, scale = last.trial.gradients["d" + last.node], last.trial.scales["d" + last.node]
    return bool(due.any()) and close(asked.gradient.cpu().to(torch.float64) / passes, due, scale, SINGLE)


def _live(found: Found) -> dict[str, Any]:
    return {name: value.tensor for name, value in found.forward.values.items()} if found.forward is not None else {}


def _agrees(asked: Asked, trial: Trial, node: str, tensors: Mapping[str, Any]) -> bool:
    """Whether a trial's gradients are those autograd has: the one asked for or, where it kept none, one of another tensor at least."""

    def same(gradient: torch.Tensor, node: str) -> bool:
        due = trial.gradients.get("d" + node)
        within = EXACT if gradient.dtype == torch.float64 else SINGLE
        return due is not None and close(gradient.cpu(), due, trial.scales["d" + node], within)

    if asked.gradient is not None:
        return same(asked.gradient, node)
    kept = {n: t.grad for n, t in tensors.items() if isinstance(t, torch.Tensor) and (t.is_leaf or t.retains_grad) and t.grad is not None}
    return bool(kept) and all(same(gradient, node) for node, gradient in kept.items())


def _no_gradient(asked: Asked) -> str:
    kept = "" if asked.tensor.is_leaf else f" Before that, `{asked.node}.retain_grad()`: autograd keeps the gradients of leaves only."
    return f"`{asked.node}` has no gradient: call `backward()` on the loss first.{kept}"


def _trial_of(tensor: torch.Tensor, autograd: torch.Tensor | None, target: str) -> Trial:
    """A trial of what is there alone: no forward, and the scale is that of the gradient itself.

    In float32 it is large enough to forgive what the lecture's helper forgives: a gradient that is mathematically zero is rounding alone.
    """
    assert autograd is not None
    gradient = autograd.detach().to(torch.float64)
    finite = gradient[torch.isfinite(gradient)]
    least = FORGIVEN / SINGLE if _rounding(tensor) == torch.float32 else 0.0
    scale = max(least, float(finite.abs().max()) if finite.numel() else 0.0)
    return Trial(LIVE, {}, torch.float64, {target[1:]: tensor.detach()}, {target: gradient}, {target: scale}, rounding={target: SINGLE})


def _rounding(tensor: torch.Tensor) -> torch.dtype:
    """The dtype whose rounding the tensor's gradient has."""
    return torch.float64 if tensor.dtype == torch.float64 else torch.float32


def _judged(caller: Caller, asked: Asked, bare: Compared, found: Found) -> Compared:
    """What is wrong with an answer, by the lines that made it: those that were recorded, or those in the source."""
    target = bare.verdict.target.name
    if bare.right and (bare.difference.max_rel or 0.0) < ROUNDED / 2:
        return bare
    learner = recorded(caller, found, asked, target)
    if bare.right:
        return _dropped(bare, learner, found, target) if learner is not None else bare
    first: Compared | None = None
    for each in _learners(caller, asked, found, target, bare.verdict.answer, learner):
        result = _explained(bare, found, each, target)
        if result.named or result.carried:
            return result
        first = first or result
    return first or bare


def _learners(caller: Caller, asked: Asked, found: Found, target: str, answer: Answer, learner: Learner | None) -> Iterator[Learner]:
    """Yield the lines as they ran and as they stand in the source, this first where some ran several times: a loop is one line there."""
    if learner is not None and not learner.repeated:
        yield learner
    if found.read is None:
        other = from_source(caller, asked, found, target, answer)
    else:  # the recorded lines say as much, but of loops and of writes into places
        told = learner is not None and not learner.repeated and "written_into" not in learner.submission.text
        other = None if told else found.read(asked, target, answer)
    if other is not None:
        yield other
    if learner is not None and learner.repeated:
        yield learner


def _dropped(bare: Compared, learner: Learner, found: Found, target: str) -> Compared:
    """An answer that is right to float32 rounding, computed again in float64: what it left out shows there."""
    if not learner.exact or target not in learner.answers or learner.leaves:
        return bare
    run = Run(found.trial, {target: learner.answers[target]})
    again = compare(run, target)
    if again.wrong != "value" or again.max_rel is None or again.max_rel < ROUNDED:
        return bare
    verdict = replace(bare.verdict, status="incorrect", runs=(run,), differences=(again,))
    wrong = replace(bare, difference=replace(bare.difference, wrong="value"), verdict=verdict, dropped=True)
    result = _explained(wrong, found, learner, target)
    return result if result.diagnoses or result.carried else bare


def _explained(bare: Compared, found: Found, learner: Learner, target: str) -> Compared:
    graph, trial = with_leaves(with_targets(found.graph, learner.submission, target, learner.exact), found.trial, learner.leaves)
    answers = {**learner.answers, target: learner.answers.get(target) or bare.verdict.answer}
    used = gradients_used(target, learner.submission.statements, trial.gradients, {name: a.statement for name, a in answers.items()})
    carried = tuple(sorted(name for name in used if name in answers and name != target and not is_right(answers[name], trial, name)))
    told = tuple(learner.words(name) for name in carried)
    bare = replace(bare, learner=learner)
    if carried:
        again = _as_if_right(learner.submission, trial, target)
        if again is None:
            return replace(bare, carried=told)
        answers[target] = replace(answers[target], value=again, shape=tuple(again.shape), dtype="float64")
    run = Run(trial, answers)
    difference = compare(run, target)
    if difference.wrong == "":
        return replace(bare, carried=told, formula_right=bool(carried))
    verdict = replace(bare.verdict, runs=(run,), differences=(difference,))
    diagnoses, _ = explain(graph, learner.submission, [verdict]).get(target, ((), ()))
    shown = tuple((learner.back(each), learner.shown(each)) for each in diagnoses)
    return replace(bare, verdict=verdict, diagnoses=shown, carried=told)


def with_targets(graph: Graph, submission: Submission, target: str, reads: bool) -> Graph:
    """The graph with only those gradients as targets that the source writes, or `reads` of autograd: no other has a name there."""
    named = {name for s in submission.statements for name in (s.writes | s.reads if reads else s.writes)}
    targets = tuple(t for t in graph.exercise.targets if t.name in named or t.name == target)
    return replace(graph, exercise=replace(graph.exercise, targets=targets))


def with_leaves(graph: Graph, trial: Trial, leaves: Mapping[str, torch.Tensor]) -> tuple[Graph, Trial]:
    """The graph and the trial with tensors that the learner's lines read and the forward does not."""
    if not leaves:
        return graph, trial
    draw = graph.scope["inputs"]
    scope = {**graph.scope, "inputs": lambda: {**draw(), **{name: shaken(value, torch.initial_seed()) for name, value in leaves.items()}}}
    exercise = replace(graph.exercise, inputs=(*graph.exercise.inputs, *leaves))
    return replace(graph, exercise=exercise, scope=scope), replace(trial, values={**trial.values, **leaves})


def _as_if_right(submission: Submission, trial: Trial, target: str) -> torch.Tensor | None:
    """The value the learner's expression has where the gradients it uses are autograd's; None where it is no single expression."""
    folded = fold(submission, statement_nodes(submission), target, frozenset(trial.gradients))
    if folded is None:
        return None
    try:
        value = Evaluator({**in_float64(trial.values), **trial.gradients}, Work())(folded)
    except (Refused, Failed):
        return None
    return value.to(torch.float64) if isinstance(value, torch.Tensor) else None
