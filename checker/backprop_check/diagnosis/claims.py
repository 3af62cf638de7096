"""The kinds of claims (`docs/claims.md`), and how each is held against a run that nothing was sought in."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import replace

import torch

from backprop_check.comparison.compare import close
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.counterfactual import Site, arriving, gives_answer, replays, with_slope, written_as
from backprop_check.diagnosis.edits import parts
from backprop_check.diagnosis.evaluate import Evaluator, Failed, Refused
from backprop_check.diagnosis.paths import paths, total
from backprop_check.diagnosis.work import Work
from backprop_check.records import Claim, Diagnosis, Line

ANSWER, GRADIENT = "answer", "gradient"
"""What an expression in a claim calls the learner's value and autograd's; its other names are the forward's, and gradients."""


def equal(left: str | ast.expr, right: str | ast.expr = GRADIENT) -> Claim:
    """Two expressions are worth the same, shape included."""
    return Claim("equal", {"left": _text(left), "right": _text(right)})


def slope(line: Line, of: ast.expr, by: ast.expr, taken: str) -> Claim:
    """The answer is autograd's gradient, were the derivative of `of` (a part of `line`) by its operand `by` `taken` for another."""
    return Claim("slope", {"line": line.name, "of": _text(of), "by": _text(by), "taken": taken})


def as_if(lines: Iterable[tuple[Line, ast.expr]]) -> Claim:
    """The answer is autograd's gradient, were these lines differentiated as if they read so; their values stay."""
    return Claim("as-if", {"lines": {line.name: _text(tree) for line, tree in lines}})


def gradient_of(line: Line, part: ast.expr) -> Claim:
    """The answer is the gradient of a part of a line, not of the node."""
    return Claim("gradient-of", {"line": line.name, "part": _text(part)})


def uses_taken(times: float, uses: Iterable[tuple[Line, int]]) -> Claim:
    """The answer is the gradient, were what comes back through these uses of the node taken so many times: 0, -1, 2.

    A use is a line, and which of its uses of the node (from 0).
    """
    return Claim("uses-taken", {"uses": [[line.name, use] for line, use in uses], "times": times})


def diagonal(line: Line) -> Claim:
    """The answer is the diagonal of the Jacobian of a line's value by the node, times the gradient that arrives at it."""
    return Claim("diagonal", {"line": line.name})


def ones_for(gradients: Iterable[str]) -> Claim:
    """The answer is what autograd gives with ones for these gradients from above."""
    return Claim("ones-for", {"gradients": sorted(gradients)})


def shapes(case: Case) -> Claim:
    """The answer's shape and the node's, by trial."""
    got = [list(run.answers[case.name].shape or ()) for run in case.verdict.runs]
    due = [list(run.trial.gradients[case.name].shape) for run in case.verdict.runs]
    return Claim("shapes", {"got": got, "due": due})


def raised(case: Case) -> Claim:
    """The line raised this."""
    told = next(run.answers[case.name].raised for run in case.verdict.runs if run.answers[case.name].raised is not None)
    assert told is not None
    return Claim("raised", {"error": told.kind, "message": told.message})


def stands(case: Case, diagnosis: Diagnosis) -> bool:
    """Whether each of a diagnosis's claims holds in the unseen run too; true where there is none."""
    unseen = case.verdict.unseen
    if unseen is None or case.partial:
        return True
    there = replace(case, verdict=replace(case.verdict, runs=(unseen,), differences=case.verdict.differences[:1], worst=0), memo={})
    return all(_HOLDS[claim.kind](there, claim) for claim in diagnosis.claims if claim.kind in _HOLDS)


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
    line, tree = _line(case, claim.fields["line"])
    compute = _compiled(claim.fields["taken"])
    for part in parts(tree):
        for operand in parts(part) if ast.unparse(part) == claim.fields["of"] else ():
            changed = with_slope(case, Site(line, tree, part, operand), lambda x, y: compute(x, y).expand_as(y))
            if operand is not part and ast.unparse(operand) == claim.fields["by"] and replays(case, changed):
                return True
    return False


def _as_if(case: Case, claim: Claim) -> bool:
    changes = {}
    for name, text in claim.fields["lines"].items():
        line, _ = _line(case, name)
        changes[name] = written_as(case, line, ast.parse(text, mode="eval").body)
    return replays(case, lambda at, evaluate, values: (changes.get(at.name) or (lambda *a: evaluate(values)))(at, evaluate, values))


def _gradient_of(case: Case, claim: Claim) -> bool:
    line, tree = _line(case, claim.fields["line"])
    same = [part for part in parts(tree) if ast.unparse(part) == claim.fields["part"]]
    return any(gives_answer(case, lambda run, p=part: arriving(case, run, line, tree, p)) for part in same)  # type: ignore[misc]


def _uses_taken(case: Case, claim: Claim) -> bool:
    taken = {tuple(use) for use in claim.fields["uses"]}
    chosen = tuple(path for path in paths(case) if (path.line.name, path.use) in taken)
    return case.is_answer([o + (claim.fields["times"] - 1) * v for o, v in zip(case.oracles, total(case, chosen), strict=True)])


_HOLDS: dict[str, Callable[[Case, Claim], bool]] = {
    "equal": _equal,
    "slope": _slope,
    "as-if": _as_if,
    "gradient-of": _gradient_of,
    "uses-taken": _uses_taken,
}
"""Kinds that say something of every run; the others say what was there in the trials."""


def _line(case: Case, name: str) -> tuple[Line, ast.expr]:
    line = next(line for line in case.graph.exercise.lines if line.name == name)
    return line, ast.parse(line.source.strip(), mode="eval").body


def _compiled(text: str) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    tree = ast.parse(text, mode="eval").body

    def compute(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        value = Evaluator({"x": x, "y": y}, Work())(tree)
        return value if isinstance(value, torch.Tensor) else torch.full_like(y, value)

    return compute


def _reads(text: str, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(ast.parse(text, mode="eval")))


def _text(expression: str | ast.expr) -> str:
    return expression if isinstance(expression, str) else ast.unparse(ast.fix_missing_locations(expression))
