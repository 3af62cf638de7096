"""Compare a gradient that is there with the one autograd left, and explain it by the forward, where that can be rebuilt."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from checker.comparison.compare import TOLERANCE, close, compare
from checker.diagnosis.evaluate import Evaluator, Failed, Refused
from checker.diagnosis.explain import explain
from checker.diagnosis.fold import fold, statement_nodes
from checker.errors import BadInput
from checker.live.caller import Caller, Part
from checker.live.rebuild import LIVE, definitions, outputs, rebuilt
from checker.records import Answer, Diagnosis, Difference, Exercise, Run, Submission, Target, Trial, Verdict
from checker.submission.statements import gradients_used, read, read_statements, written
from checker.trace.graph import Graph
from checker.trace.oracle import in_float64, trace

SECONDS = 3.0
"""What explaining one gradient may cost."""

_DEFINE = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class Compared:
    """One gradient held against autograd's.

    `difference` is that of the values, as for an exercise; `exact` and `approximate` are the lecture's words. `graph` and `submission` are
    what the explanation rests on, None where the source gave none. `carried` are gradients used that are wrong themselves.
    """

    name: str
    node: str
    difference: Difference
    verdict: Verdict
    graph: Graph | None
    submission: Submission | None
    diagnoses: tuple[Diagnosis, ...] = ()
    carried: tuple[str, ...] = ()

    @property
    def right(self) -> bool:
        return self.difference.wrong == ""


@dataclass(frozen=True)
class Asked:
    """A gradient `given` for the live tensor `tensor`. `name` is what the caller calls it, `node` what the tensor is called."""

    name: str
    node: str
    given: Any
    tensor: torch.Tensor


def compared(caller: Caller, asked: Asked, output: str | None = None) -> Compared:
    """Compare one gradient. The oracle is what autograd left in `tensor.grad`; raises `BadInput` where that is nothing."""
    autograd = asked.tensor.grad
    if autograd is None:
        raise BadInput(_no_grad(asked))
    target = "d" + asked.node
    found = _graph_and_trial(caller, asked, output)
    graph, trial = found if found is not None else (None, _trial_of(asked.tensor, autograd, target))
    answer = _answer(asked.given)
    run = Run(replace(trial, dtype=_rounding(asked.tensor)), {target: answer})
    difference = compare(run, target)
    status = "correct" if difference.wrong == "" else "incorrect"
    verdict = Verdict(Target(target, 1, ""), "correct" if status == "correct" else "incorrect", (run,), (difference,), 0)
    bare = Compared(asked.name, asked.node, difference, verdict, graph, None)
    if bare.right or graph is None:
        return bare
    return _explained(caller, asked, bare, graph, trial)


def _no_grad(asked: Asked) -> str:
    kept = "" if asked.tensor.is_leaf else f" Call `{asked.node}.retain_grad()` before it: autograd keeps the gradients of leaves only."
    return f"`{asked.node}` has no gradient yet: call `backward()` on the loss first.{kept}"


def _graph_and_trial(caller: Caller, asked: Asked, output: str | None) -> tuple[Graph, Trial] | None:
    """Return the forward and its oracle, where its gradient is the one that autograd left."""
    known = definitions(caller)
    for name in (output,) if output is not None else outputs(caller, known):
        graph = rebuilt(caller, name, known, [asked.node]) if asked.tensor is caller.names.get(asked.node) else None
        if graph is None:
            continue
        try:
            trial = trace(graph, LIVE, {})
        except (BadInput, RuntimeError):
            continue
        oracle = trial.gradients.get("d" + asked.node)
        autograd = asked.tensor.grad
        if oracle is not None and autograd is not None and close(autograd, oracle, trial.scales["d" + asked.node], _rounding(asked.tensor)):
            return graph, trial
    return None


def _trial_of(tensor: torch.Tensor, autograd: torch.Tensor, target: str) -> Trial:
    """A trial of what is there alone: no forward, and the scale is that of the gradient itself or of those that flow into it."""
    gradient = autograd.detach().to(torch.float64)
    finite = gradient[torch.isfinite(gradient)]
    scale = float(finite.abs().max()) if finite.numel() else 0.0
    return Trial(LIVE, {}, torch.float64, {target[1:]: tensor.detach()}, {target: gradient}, {target: scale})


def _rounding(tensor: torch.Tensor) -> torch.dtype:
    """The dtype whose rounding the tensor's gradient has."""
    return torch.float64 if tensor.dtype == torch.float64 else torch.float32


def _answer(given: Any) -> Answer:
    if not isinstance(given, torch.Tensor):
        return Answer("missing") if given is ... or given is None else Answer("other", 0, kind=type(given).__name__)
    plain = given.detach().cpu()
    return Answer("tensor", 0, value=plain, dtype=str(plain.dtype).removeprefix("torch."), shape=tuple(plain.shape))


def _explained(caller: Caller, asked: Asked, bare: Compared, graph: Graph, trial: Trial) -> Compared:
    part = _part(caller, asked.name)
    if part is None:
        return bare
    try:
        submission = _submission(part, graph.exercise, caller.names)
    except (SyntaxError, ValueError, RecursionError):
        return bare
    target = bare.verdict.target.name
    graph = _with_targets(graph, submission, target)
    answers = _answers(caller.names, submission, trial, target, bare.verdict.answer)
    used = gradients_used(target, submission.statements, trial.gradients, {name: a.statement for name, a in answers.items()})
    carried = tuple(sorted(name for name in used if name in answers and name != target and not _right(answers[name], trial, name)))
    if carried:
        again = _as_if_right(submission, trial, target)
        if again is None:
            return replace(bare, submission=submission, carried=carried)
        answers[target] = replace(answers[target], value=again, shape=tuple(again.shape), dtype="float64")
    run = Run(trial, answers)
    difference = compare(run, target)
    if difference.wrong == "":
        return replace(bare, submission=submission, carried=carried)
    verdict = replace(bare.verdict, runs=(run,), differences=(difference,))
    diagnoses, _ = explain(graph, submission, [verdict], SECONDS).get(target, ((), ()))
    return replace(bare, verdict=verdict, submission=submission, diagnoses=diagnoses, carried=carried)


def _with_targets(graph: Graph, submission: Submission, target: str) -> Graph:
    """The graph with only those gradients as targets that the source writes: no other has a name there."""
    written_names = {name for s in submission.statements for name in s.writes}
    targets = tuple(t for t in graph.exercise.targets if t.name in written_names or t.name == target)
    return replace(graph, exercise=replace(graph.exercise, targets=targets))


def _part(caller: Caller, name: str) -> Part | None:
    """The part in which the gradient was last written."""
    found = None
    for part, node in caller.statements():
        if any(isinstance(n, ast.Name) and n.id == name and not isinstance(n.ctx, ast.Load) for n in ast.walk(node)):
            found = part
    return found


def _submission(part: Part, exercise: Exercise, names: Mapping[str, Any]) -> Submission:
    """The part as a submission: of what has run, the statements that write gradients and helper values. None of it runs again."""
    whole = ast.parse(part.text).body
    if part.function and isinstance(whole[0], ast.FunctionDef):
        whole = whole[0].body
    body = _alive([node for node in whole if node.lineno <= part.upto and _counts(node, exercise.names)])
    text = _only(part.text, body)
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
        value = Evaluator({**in_float64(trial.values), **trial.gradients})(folded)
    except (Refused, Failed):
        return None
    return value.to(torch.float64) if isinstance(value, torch.Tensor) else None


__all__ = ["TOLERANCE", "Asked", "Compared", "compared"]
