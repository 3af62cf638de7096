"""The kinds of claims (`docs/claims.md`): what a diagnosis has proven of an answer, as data."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import replace

from backprop_check.diagnosis.by_replay.paths import Path
from backprop_check.diagnosis.by_replay.sites import Site
from backprop_check.diagnosis.case import Case
from backprop_check.records import Claim, Line

ANSWER, GRADIENT = "answer", "gradient"
"""What an expression in a claim calls the learner's value and autograd's; its other names are the forward's, and gradients."""

Statement = tuple[int, int, str]
"""The line and the column in which a statement of the submission begins, and another one; of a loop, the line that opens it."""


def equal(left: str | ast.expr, right: str | ast.expr = GRADIENT) -> Claim:
    """Two expressions are worth the same, shape included."""
    return Claim("equal", {"left": _text(left), "right": _text(right)})


def slope(site: Site, taken: str, ones: Iterable[str] = ()) -> Claim:
    """The answer is autograd's gradient, were the derivative of an operation by one operand what `taken` says, of `x` and `y`.

    With `ones`, were ones to arrive at those lines as well.
    """
    fields = {"line": site.line.name, "of": _text(site.part), "by": _text(site.operand), "taken": taken}
    return Claim("slope", fields | ({"ones": sorted(f"d{name}" for name in ones)} if ones else {}))


def sent_through(site: Site) -> Claim:
    """The answer is autograd's gradient, were what arrives at an operation sent back to its operand by the operation itself."""
    return Claim("sent-through", {"line": site.line.name, "of": _text(site.part), "by": _text(site.operand)})


def as_if(lines: Iterable[tuple[Line, str | ast.expr]], values_too: bool = False) -> Claim:
    """The answer is autograd's gradient, were these lines differentiated as if they read so; their values stay, or are those too."""
    return Claim("as-if", {"lines": {line.name: _text(tree) for line, tree in lines}, **({"values": "too"} if values_too else {})})


def gradient_of(line: Line, part: ast.expr) -> Claim:
    """The answer is the gradient of a part of a line, not of the node."""
    return Claim("gradient-of", {"line": line.name, "part": _text(part)})


def uses_taken(times: float | str, paths: Iterable[Path]) -> Claim:
    """The answer is the gradient, were what comes back through these uses of the node taken so many times: 0, -1, 2, or an expression."""
    return Claim("uses-taken", {"uses": [[path.line.name, use] for path in paths for use in path.places], "times": times})


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


def placed(case: Case, old: ast.stmt, new: str) -> Statement:
    """A statement in the place of another one of the learner's, or before or after it."""
    span = case.span(old)
    return old.lineno, span[1] if span is not None else old.col_offset, new


def met(shapes: Mapping[str, Iterable[int]]) -> Claim:
    """Where the line raised, at the exercise's own sizes, these parts of it had these shapes."""
    return Claim("met", {"shapes": {part: list(shape) for part, shape in shapes.items()}})


def raised(case: Case) -> Claim:
    """The line raised this."""
    told = next(run.answers[case.name].raised for run in case.verdict.runs if run.answers[case.name].raised is not None)
    assert told is not None
    return Claim("raised", {"error": told.kind, "message": told.message})


def statements(**told: Iterable[Statement]) -> Claim:
    """The submission's statements give autograd's gradient, were these `changed`, or `preceded` or `followed` by others."""
    return Claim("statements", {how: [list(one) for one in those] for how, those in told.items()})


def of(claim: Claim, expression: ast.expr | str) -> Claim:
    """The same, said of another expression in the answer's place: of the learner's line with one of its mistakes put right."""
    return replace(claim, fields={**claim.fields, ANSWER: _text(expression)})


def _text(expression: str | ast.expr) -> str:
    return expression if isinstance(expression, str) else ast.unparse(ast.fix_missing_locations(expression))
