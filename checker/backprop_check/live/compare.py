"""Compare a gradient that is there with the one autograd left, and explain it by the forward, where that can be rebuilt."""

from __future__ import annotations

import ast
import tokenize
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from backprop_check.comparison.compare import EXACT, close, compare
from backprop_check.diagnosis.evaluate import Evaluator, Failed, Refused
from backprop_check.diagnosis.explain import explain
from backprop_check.diagnosis.fold import fold, statement_nodes
from backprop_check.diagnosis.work import Work
from backprop_check.errors import BadInput
from backprop_check.live.caller import Caller, Part
from backprop_check.live.forward import forward
from backprop_check.live.rebuild import LIVE, SINGLE, definitions, outputs
from backprop_check.live.renaming import renamed
from backprop_check.records import Answer, Diagnosis, Difference, Exercise, Run, Submission, Target, Trial, Verdict
from backprop_check.submission.statements import gradients_used, read, read_statements, written
from backprop_check.trace.graph import Graph
from backprop_check.trace.oracle import in_float64

FORGIVEN = 1e-8
"""The difference that `torch.allclose` forgives whatever the numbers are: what can be said where no forward tells their scale."""

_DEFINE = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class Compared:
    """One gradient held against autograd's.

    `difference` is that of the values, as for an exercise; `exact` and `approximate` are the lecture's words. `graph` and `submission` are
    what the explanation rests on, None where the source gave none. `carried` are gradients used that are wrong themselves, and
    `formula_right` says that nothing else is.
    """

    name: str
    node: str
    difference: Difference
    verdict: Verdict
    graph: Graph | None
    submission: Submission | None
    diagnoses: tuple[Diagnosis, ...] = ()
    carried: tuple[str, ...] = ()
    formula_right: bool = False

    @property
    def right(self) -> bool:
        return self.difference.wrong == ""


@dataclass(frozen=True)
class Asked:
    """A gradient `given` for the live tensor `tensor`, and the `gradient` that autograd has for it, None where it kept none.

    `name` is what the caller calls the given one, `node` what the tensor is called. `others` gives, for the caller's names of
    other nodes' gradients, the engine's (`da`).
    """

    name: str
    node: str
    given: Any
    tensor: torch.Tensor
    gradient: torch.Tensor | None
    others: Mapping[str, str] = field(default_factory=dict)


def compared(caller: Caller, asked: Asked, output: str | None = None) -> Compared:
    """Compare one gradient with autograd's. `output` names what was differentiated, where the caller said it.

    Raises `BadInput` where autograd kept no gradient of the tensor and the forward cannot be rebuilt to ask again.
    """
    target = "d" + asked.node
    found = _graph_and_trial(caller, asked, output)
    if found is None and asked.gradient is None:
        raise BadInput(_no_gradient(asked))
    graph, trial = found or (None, _trial_of(asked.tensor, asked.gradient, target))
    answer = _answer(asked.given)
    run = Run(replace(trial, dtype=_rounding(asked.tensor)), {target: answer})
    difference = compare(run, target)
    verdict = Verdict(Target(target, 1, ""), "correct" if difference.wrong == "" else "incorrect", (run,), (difference,), 0)
    bare = Compared(asked.name, asked.node, difference, verdict, graph, None)
    if bare.right or graph is None:
        return bare
    return _explained(caller, asked, bare, graph, trial)


def times_too_large(caller: Caller, asked: Asked) -> int | None:
    """How many times its gradient `tensor.grad` is, where that is a whole number above 1: `backward()` ran as often, and grads add up."""
    known = definitions(caller)
    autograd = asked.gradient
    for name in outputs(caller, known):
        found = forward(caller, name, known, asked.node)
        if found is None or autograd is None:
            continue
        trial, oracle = found[1], found[1].gradients["d" + asked.node]
        if oracle.shape != autograd.shape or not oracle.any():
            continue
        times = round(float((autograd.to(torch.float64) * oracle).sum() / (oracle * oracle).sum()))
        if times > 1 and close(autograd.to(torch.float64) / times, oracle, trial.scales["d" + asked.node], SINGLE):
            return times
    return None


def _graph_and_trial(caller: Caller, asked: Asked, output: str | None) -> tuple[Graph, Trial] | None:
    """Return the forward and its oracle, where its gradient is the one that autograd left."""
    known = definitions(caller)
    for name in (output,) if output is not None else outputs(caller, known):
        found = forward(caller, name, known, asked.node) if asked.tensor is caller.names.get(asked.node) else None
        if found is not None and _agrees(caller, asked, found[1]):
            return found
    return None


def _agrees(caller: Caller, asked: Asked, trial: Trial) -> bool:
    """Whether a trial's gradients are those autograd has: the one asked for or, where it kept none, one of another tensor at least."""

    def same(gradient: torch.Tensor, node: str) -> bool:
        return close(gradient, trial.gradients["d" + node], trial.scales["d" + node], EXACT if gradient.dtype == torch.float64 else SINGLE)

    if asked.gradient is not None:
        return same(asked.gradient, asked.node)
    tensors = {n: caller.names.get(n) for n in trial.values}
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


def _answer(given: Any) -> Answer:
    if not isinstance(given, torch.Tensor):
        return Answer("missing") if given is ... or given is None else Answer("other", 0, kind=type(given).__name__)
    plain = given.detach().cpu()
    return Answer("tensor", 0, value=plain, dtype=str(plain.dtype).removeprefix("torch."), shape=tuple(plain.shape))


def _explained(caller: Caller, asked: Asked, bare: Compared, graph: Graph, trial: Trial) -> Compared:
    target = bare.verdict.target.name
    parts = _parts(caller, asked.name)
    own = {learner: engine for learner, engine in {**asked.others, asked.name: target}.items() if learner.isidentifier()}
    if not parts:
        return bare
    try:
        text = _statements(parts, graph.exercise)
        renaming = renamed(text, own)
        submission = _submission(parts[-1], renaming.text, graph.exercise) if renaming is not None else None
    except (SyntaxError, ValueError, RecursionError, tokenize.TokenError):
        return bare
    if renaming is None or submission is None:
        return bare
    graph = _with_targets(graph, submission, target)
    answers = _answers(
        {**caller.names, **{e: caller.names[n] for n, e in own.items() if n in caller.names}},
        submission,
        trial,
        target,
        bare.verdict.answer,
    )
    used = gradients_used(target, submission.statements, trial.gradients, {name: a.statement for name, a in answers.items()})
    carried = tuple(sorted(name for name in used if name in answers and name != target and not _right(answers[name], trial, name)))
    shown, learners = replace(submission, body=text, text=text), tuple(renaming.words(name) for name in carried)
    if carried:
        again = _as_if_right(submission, trial, target)
        if again is None:
            return replace(bare, submission=shown, carried=learners)
        answers[target] = replace(answers[target], value=again, shape=tuple(again.shape), dtype="float64")
    run = Run(trial, answers)
    difference = compare(run, target)
    if difference.wrong == "":
        return replace(bare, submission=shown, carried=learners, formula_right=True)
    verdict = replace(bare.verdict, runs=(run,), differences=(difference,))
    diagnoses, _ = explain(graph, submission, [verdict]).get(target, ((), ()))
    told = tuple(renaming.back(diagnosis) for diagnosis in diagnoses)
    return replace(bare, verdict=verdict, submission=shown, diagnoses=told, carried=learners)


def _with_targets(graph: Graph, submission: Submission, target: str) -> Graph:
    """The graph with only those gradients as targets that the source writes: no other has a name there."""
    written_names = {name for s in submission.statements for name in s.writes}
    targets = tuple(t for t in graph.exercise.targets if t.name in written_names or t.name == target)
    return replace(graph, exercise=replace(graph.exercise, targets=targets))


def _parts(caller: Caller, name: str) -> tuple[Part, ...]:
    """The parts that wrote the gradient, from the one that gave it a value anew: a notebook may fill it in over several cells."""
    found: list[Part] = []
    for part, node in caller.statements():
        if name in written(node):
            anew = isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) for t in node.targets) and name not in read(node)
            found = [part] if anew else [*found, part]
    return tuple(dict.fromkeys(found))


def _statements(parts: Sequence[Part], exercise: Exercise) -> str:
    """What of some parts wrote gradients and helper values and still counts; the rest is blank."""
    texts = [_of_part(part, exercise) for part in parts]
    return texts[0] if len(texts) == 1 else _only(joined := "\n".join(texts), _alive(ast.parse(joined).body))


def _of_part(part: Part, exercise: Exercise) -> str:
    whole = ast.parse(part.text).body
    if part.function and isinstance(whole[0], ast.FunctionDef):
        whole = whole[0].body
    body = _alive([node for node in whole if node.lineno <= part.upto and _counts(node, exercise.names)])
    return _only(part.text, body)


def _submission(part: Part, text: str, exercise: Exercise) -> Submission:
    """The part's statements as a submission. None of it runs again."""
    body = ast.parse(text).body
    return Submission(
        path=Path(part.place),
        place=part.place,
        prelude="",
        body=text,
        bare=True,
        parameters=exercise.names,
        statements=read_statements(body, text),
        broken=(),
        oracle_calls={},
        helpers_asking={},
        text=text,
    )


def _counts(node: ast.stmt, forward: Collection[str]) -> bool:
    writes = written(node)
    return bool(writes) and not writes & set(forward) and not isinstance(node, _DEFINE)


def _alive(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    """Leave out earlier attempts: what a later plain `name = expression` replaced without reading it."""
    kept: list[ast.stmt] = []
    replaced: set[str] = set()
    for node in reversed(body):
        writes = written(node)
        if not writes <= replaced:
            kept.append(node)
        if isinstance(node, ast.Assign) and all(isinstance(t, ast.Name) for t in node.targets):
            replaced |= writes - read(node)
    return kept[::-1]


def _only(text: str, body: Sequence[ast.stmt]) -> str:
    """The text with all blank but some statements, which stand in the lines where they stood, less their indent."""
    lines = text.split("\n")
    kept = {number: node.col_offset for node in body for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)}
    return "\n".join(line[kept[number] :] if number in kept else "" for number, line in enumerate(lines, 1))


def _answers(names: Mapping[str, Any], submission: Submission, trial: Trial, target: str, own: Answer) -> dict[str, Answer]:
    last = {name: s.index for s in submission.statements for name in s.writes}
    found = {name: replace(_answer(names[name]), statement=last[name]) for name in trial.gradients if name in last and name in names}
    return {**found, target: replace(own, statement=last.get(target, 0))}


def _right(answer: Answer, trial: Trial, name: str) -> bool:
    return answer.value is not None and compare(Run(trial, {name: answer}), name).wrong in ("", "dtype")


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
