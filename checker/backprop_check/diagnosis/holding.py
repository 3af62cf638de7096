"""Hold the claims of a diagnosis against a run that nothing was sought in."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import torch

from backprop_check.comparison.compare import close
from backprop_check.diagnosis.by_edit.edits import parts
from backprop_check.diagnosis.by_replay.counterfactual import applied_to_gradient, arriving, ends, gives_answer, kept, with_slope
from backprop_check.diagnosis.by_replay.paths import paths
from backprop_check.diagnosis.by_replay.replay import Change, applied, diagonal_along, gradient
from backprop_check.diagnosis.by_replay.sites import Site
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import ANSWER, GRADIENT, equal
from backprop_check.expression.evaluate import Evaluator, Failed, Refused
from backprop_check.expression.work import REPLAY
from backprop_check.records import Answer, Claim, Diagnosis, Line, Run, Trial
from backprop_check.trace.oracle import in_float64, trace

FEW, MORE = 24, 8


def stands(case: Case, diagnosis: Diagnosis) -> bool:
    """Whether each of a diagnosis's claims holds in the unseen run too, and its fix is right there; true where there is none."""
    unseen = case.verdict.unseen
    if unseen is None or case.partial:
        return True
    claims = diagnosis.claims if diagnosis.fix is None else (*diagnosis.claims, equal(diagnosis.fix))
    there = [_in(case, run) for run in (unseen, *_of_few_numbers(case))]
    return all(_stands(once, claim) for once in there for claim in claims if claim.kind in _HOLDS)


def _in(case: Case, run: Run) -> Case:
    return replace(case, verdict=replace(case.verdict, runs=(run,), differences=case.verdict.differences[:1], worst=0), memo={})


def _of_few_numbers(case: Case) -> list[Run]:
    """More runs, where those that were judged hold few numbers: all of them may have one sign by chance.

    The answer is what the learner's expression gives there; of an answer that is none nothing is known.
    """
    if sum(run.trial.gradients[case.name].numel() for run in case.verdict.runs) >= FEW:
        return []
    if _of_few_numbers not in case.memo:
        case.memo[_of_few_numbers] = [trace(case.graph, seed, case.graph.sizes[0]) for seed in range(MORE)]
        case.work.count(times=MORE * REPLAY * len(case.graph.exercise.lines))
    trials: list[Trial] = case.memo[_of_few_numbers]
    return [Run(trial, {**case.verdict.runs[0].answers, case.name: _answer(case, trial)}) for trial in trials]


def _answer(case: Case, trial: Trial) -> Answer:
    unknown = Answer("missing")
    if case.expression is None:
        return unknown
    names = {**case.given, **in_float64(trial.values), **{name: trial.gradients[name] for name in case.available}}
    try:
        value = Evaluator(names, case.work)(case.expression)
    except (Refused, Failed, RecursionError):
        return unknown
    return replace(unknown, state="tensor", value=value, dtype="float64", shape=tuple(value.shape)) if torch.is_tensor(value) else unknown


def _stands(there: Case, claim: Claim) -> bool:
    """Of the learner's answer, or of the expression that stands for it."""
    text = claim.fields.get(ANSWER)
    instead = ast.parse(text, mode="eval").body if text is not None else there.edited
    put = there.put_right(instead) if instead is not None else there
    if claim.kind != "equal" and put is not None and not put.everywhere and _is_unknown(there):
        return True
    return put is not None and _HOLDS[claim.kind](put, claim)


def _is_unknown(there: Case) -> bool:
    """Whether the learner's code was not asked for this run, and what it would give there cannot be told."""
    return there.verdict.runs[0].answers[there.name].state == "missing"


def _equal(case: Case, claim: Claim) -> bool:
    (run,) = case.verdict.runs
    known = {**case.names(run), **run.trial.gradients, GRADIENT: run.trial.gradients[case.name]}
    answer = run.answers[case.name].value
    if answer is not None:
        known[ANSWER] = answer.to(torch.float64)
    sides = [claim.fields["left"], claim.fields["right"]]
    if answer is None and any(_reads(side, ANSWER) for side in sides):
        return True  # it raised here: nothing is known of its value
    try:
        left, right = (Evaluator(known, case.work)(ast.parse(side, mode="eval").body) for side in sides)
    except (Refused, Failed, RecursionError):
        return False
    numbers = [v for v in (left, right) if isinstance(v, torch.Tensor)]
    scale = max([run.trial.scales[case.name], *(float(v.abs().max()) for v in numbers if v.numel() and v.is_floating_point())])
    return len(numbers) == 2 and close(left.to(torch.float64), right.to(torch.float64), scale, case.tolerance)


def _slope(case: Case, claim: Claim) -> bool:
    code = compile(claim.fields["taken"], "<taken>", "eval")
    ones = claim.fields.get("ones")

    def taken(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(eval(code, {"torch": torch, "x": x, "y": y}), dtype=y.dtype).expand_as(y)

    return any(_gives(case, with_slope(case, site, taken), ones) for site in _sites(case, claim))


def _sent_through(case: Case, claim: Claim) -> bool:
    return any(_gives(case, applied_to_gradient(case, site)) for site in _sites(case, claim))


def _as_if(case: Case, claim: Claim) -> bool:
    scope = {**case.graph.scope, "torch": torch}
    code = {name: compile(text, name, "eval") for name, text in claim.fields["lines"].items()}

    def change(at: Line, evaluate: Callable[[Any], Any], values: Any) -> Any:
        if at.name not in code:
            return evaluate(values)
        other = eval(code[at.name], {**scope, **values})
        return other if "values" in claim.fields else kept(evaluate(values), other)

    return _gives(case, change)


def _gradient_of(case: Case, claim: Claim) -> bool:
    line, tree = _line(case, claim.fields["line"])
    same = [part for part in parts(tree) if ast.unparse(part) == claim.fields["part"]]
    return any(gives_answer(case, lambda run, p=part: arriving(case, run, line, tree, p)) for part in same)  # type: ignore[misc]


def _uses_taken(case: Case, claim: Claim) -> bool:
    (evaluate,) = case.evaluators or (None,)
    if evaluate is None:
        return False
    times = evaluate(ast.parse(str(claim.fields["times"]), mode="eval").body)
    taken = {tuple(use) for use in claim.fields["uses"]}
    chosen = [path for path in paths(case) if {(path.line.name, use) for use in path.places} <= taken]
    return case.is_answer([sum(((times - 1) * path.values[0] for path in chosen), case.oracles[0])])


def _diagonal(case: Case, claim: Claim) -> bool:
    """Along the axis within which the operation works: the whole Jacobian of what may be large here would not fit."""
    line, _ = _line(case, claim.fields["line"])

    def along(run: Run, axis: int) -> torch.Tensor:
        return diagonal_along(*applied(case, run, line), axis) * run.trial.gradients["d" + line.name]

    axes = range(case.verdict.runs[0].trial.values[case.node].dim())
    return any(gives_answer(case, partial(along, axis=axis)) for axis in axes)


def _ones_for(case: Case, claim: Claim) -> bool:
    return _gives(case, None, claim.fields["gradients"])


_HOLDS: dict[str, Callable[[Case, Claim], bool]] = {
    "equal": _equal,
    "slope": _slope,
    "sent-through": _sent_through,
    "as-if": _as_if,
    "gradient-of": _gradient_of,
    "uses-taken": _uses_taken,
    "diagonal": _diagonal,
    "ones-for": _ones_for,
}
"""Kinds that say something of every run; the others say what was there in the trials."""


def _gives(case: Case, change: Change | None, ones: list[str] | None = None) -> bool:
    """Whether the changed forward gives the answer: from where it takes up its gradient, from the output, or with ones at lines."""
    if ones is None:
        return any(gives_answer(case, lambda run, s=stops: gradient(case, run, s, change=change)) for stops in ends(case))  # type: ignore[misc]
    stops = frozenset(name[1:] for name in ones)
    above = {name: torch.ones_like(case.verdict.runs[0].trial.gradients["d" + name]) for name in stops}
    return gives_answer(case, lambda run: gradient(case, run, stops, above, change))


def _sites(case: Case, claim: Claim) -> list[Site]:
    """The operations of the line that read as the claim's, with each operand that does."""
    line, tree = _line(case, claim.fields["line"])
    same = [part for part in parts(tree) if ast.unparse(part) == claim.fields["of"]]
    return [Site(line, tree, p, o) for p in same for o in parts(p) if o is not p and ast.unparse(o) == claim.fields["by"]]


def _line(case: Case, name: str) -> tuple[Line, ast.expr]:
    line = next(line for line in case.graph.exercise.lines if line.name == name)
    return line, ast.parse(line.source.strip(), mode="eval").body


def _reads(text: str, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(ast.parse(text, mode="eval")))
