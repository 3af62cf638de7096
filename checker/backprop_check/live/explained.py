"""Explain a live gradient that is not right, by the lines that made it and the forward that was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from backprop_check.comparison.compare import compare
from backprop_check.diagnosis.attempt import survived
from backprop_check.diagnosis.explain import explain
from backprop_check.expression.evaluate import Evaluator, Failed, Refused
from backprop_check.expression.fold import fold, statement_nodes
from backprop_check.expression.work import Work
from backprop_check.live.asked import Asked, Compared
from backprop_check.live.caller import Caller
from backprop_check.live.learner import ROUNDED, Learner, is_right, recorded
from backprop_check.live.recorded import Found
from backprop_check.live.source import from_source
from backprop_check.recording.graph import shaken
from backprop_check.records import Answer, Diagnosis, Run, Submission, Target, Trial
from backprop_check.submission.statements import gradients_used
from backprop_check.trace.graph import Graph
from backprop_check.trace.oracle import in_float64

NOWHERE = Submission(Path("here"), "", "", "", True, (), (), (), {}, {}, text="")

DEEPEST = 6
"""How many gradients that are wrong only because of others are gone through."""


Anew = Callable[[Caller, Asked, Found, str], tuple[Diagnosis, Submission] | None]
"""Looks for one change of the lines that made a gradient, by running them anew."""


def judged(caller: Caller, asked: Asked, bare: Compared, found: Found, anew: Anew | None = None) -> Compared:
    """What is wrong with an answer, by the lines that made it: as they were recorded, as they stand in the source, as they run `anew`."""
    target = bare.verdict.target.name
    if bare.right and (bare.difference.max_rel or 0.0) < ROUNDED / 2:
        return bare
    learner = survived(lambda: recorded(caller, found, asked, target), "the recorded lines")
    other = None if bare.right else _of_another(bare.verdict.answer, found, target)
    if other is not None:
        return replace(bare, learner=learner, diagnoses=((other, learner.shown(None) if learner is not None else NOWHERE),))
    if bare.right:
        return _dropped(bare, learner, found, target) if learner is not None else bare
    first: Compared | None = None
    changed: tuple[Diagnosis, Submission] | None = None
    stepwise = learner.stepwise if learner is not None else not isinstance(asked.given, torch.Tensor)  # of arrays nothing is recorded
    if stepwise and anew is not None:
        changed = anew(caller, asked, found, target)
        if changed is not None:
            return replace(bare, diagnoses=(changed,), learner=learner)
    for each in _learners(caller, asked, found, target, bare.verdict.answer, learner):
        result = survived(partial(_explained, bare, found, each, target), "the explanation")
        if result is not None and (result.named or result.root is not None):
            return result if each is not learner or _is_sound(result) else _by_values(caller, bare, found, asked) or result
        first = first or result
    if not stepwise and anew is not None:
        changed = anew(caller, asked, found, target)
        if changed is not None:
            return replace(bare, diagnoses=(changed,), learner=learner)
    return first or bare


def _is_sound(result: Compared) -> bool:
    """Whether what rests on wrong gradients would be right with right ones, down to the first: then they are what they are called."""
    return not result.carried or (result.formula_right and (result.root is None or _is_sound(result.root)))


def _by_values(caller: Caller, bare: Compared, found: Found, asked: Asked) -> Compared | None:
    """The same where a name alone makes no gradient: `dscores` may be that of the scores before they were scaled."""
    strict = replace(found, strict=True)
    target = bare.verdict.target.name
    learner = survived(lambda: recorded(caller, strict, asked, target), "the recorded lines")
    result = survived(lambda: _explained(bare, strict, learner, target), "the explanation") if learner is not None else None
    return result if result is not None and result.named else None


def _of_another(answer: Answer, found: Found, target: str) -> Diagnosis | None:
    """What is said of a gradient that is right, but another tensor's, of another shape."""
    if answer.value is None or answer.value.shape == found.trial.gradients[target].shape:
        return None
    for gradient, due in found.trial.gradients.items():
        if (
            due.shape == answer.value.shape
            and due.numel() > 1
            and bool((due != due.flatten()[0]).any())
            and is_right(answer, found.trial, gradient)
        ):
            texts = found.forward.texts if found.forward is not None else {}
            whose, node = (texts.get(name[1:], name[1:]) for name in (gradient, target))
            move = "Look where gradients and tensors are put together: their order, or the name that is given."
            return Diagnosis(
                "", "located", f"this is the gradient of `{whose}`", f"Its numbers are right for that, not for `{node}`.", move
            )
    return None


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


def _root(bare: Compared, found: Found, learner: Learner, carried: Sequence[str], deep: int) -> Compared | None:
    """What is wrong with the first of the gradients that are used for which a cause is named, down to the one that uses no wrong one."""
    for name in carried:
        run = Run(found.trial, {name: learner.answers[name]})
        wrong = compare(run, name)
        verdict = replace(bare.verdict, target=Target(name, 1, ""), runs=(run,), differences=(wrong,))
        plain = replace(bare, name=learner.words(name), difference=wrong, verdict=verdict, dropped=False)
        result = survived(partial(_explained, plain, found, learner, name, deep), "the explanation")
        if result is not None and (result.named or result.root is not None):
            return result
    return None


def _explained(bare: Compared, found: Found, learner: Learner, target: str, deep: int = 0) -> Compared:
    graph, trial = with_leaves(with_targets(found.graph, learner.submission, target, learner.exact), found.trial, learner.leaves)
    answers = {**learner.answers, target: learner.answers.get(target) or bare.verdict.answer}
    used = gradients_used(target, learner.submission.statements, trial.gradients, {name: a.statement for name, a in answers.items()})
    statements = learner.submission.statements
    written = Counter(name for s in statements for name in (*s.writes, *(s.writes if s.source.startswith("for ") else ())))
    looped = {name for name, times in written.items() if times > 1 and learner.repeated}  # its last value says nothing
    wrong = {name for name in used - looped if name in answers and name != target and not is_right(answers[name], trial, name)}
    carried = tuple(sorted(wrong))
    told = tuple(learner.words(name) for name in carried)
    bare = replace(bare, learner=learner)
    if carried and deep < DEEPEST:
        bare = replace(bare, root=_root(bare, found, learner, carried, deep + 1))
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
    diagnoses, _ = explain(graph, learner.submission, [verdict], found.search).get(target, ((), ()))
    shown = [(learner.back(each), learner.shown(each)) for each in diagnoses]
    once = {
        (each.code, each.error, each.span or number): (each, source) for number, (each, source) in reversed([*enumerate(shown)])
    }  # of a loop
    return replace(bare, verdict=verdict, diagnoses=tuple(reversed(once.values())), carried=told)


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
