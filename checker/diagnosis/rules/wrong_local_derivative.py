"""wrong-local-derivative: the derivative of another operation than the one the forward used.

Family: Local derivative
Forward: y = torch.log(p)
Shapes: p (N, C)
Inputs: torch.rand + 0.5
Wrong: dp = p * dy
Right: dp = dy / p

Why:
Each operation has a derivative of its own: 1/p for the logarithm, the other factor for a product, minus the square
below for a quotient. Where a factor and a divisor are exchanged, the result is right only where the value is 1.

Read more: any table of derivatives.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

import torch

from checker.derivation.elementwise import SLOPES
from checker.derivation.trees import text
from checker.diagnosis.alone import factor_alone
from checker.diagnosis.case import Case
from checker.diagnosis.counterfactual import Site, replays, sites, with_slope, written_as
from checker.diagnosis.edits import Edit, parts, search, value_of
from checker.diagnosis.replaced import replaced, with_factor
from checker.diagnosis.rewrites import put
from checker.diagnosis.words import users
from checker.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by dividing where the learner multiplies, or the other way round: the expression is then right.

    Or by replay: with the derivative of another operation in the place of the forward's, autograd gives the learner's answer.
    """
    found = search(case, edits)
    if found is None:
        return (_another(case) or _replaced(case) or _lacking(case) or factor_alone(case)) if case.everywhere else None
    divides = isinstance(found[2], ast.BinOp) and isinstance(found[2].op, ast.Div)
    return Diagnosis(
        code="wrong-local-derivative",
        certainty="proven",
        error="this divides where the derivative multiplies" if divides else "this multiplies where the derivative divides",
        note=f"How fast {users(case)} moves with {case.node} has that value on the other side of the fraction.",
        help="Write the derivative of that line alone first, then multiply with what arrives from above.",
        span=case.span(found[2]),
        evidence="With the two exchanged the expression equals autograd's gradient in every trial.",
        fix=found[0],
    )


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    for part in parts(expression):
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult | ast.Div):
            other = ast.Div() if isinstance(part.op, ast.Mult) else ast.Mult()
            for left, right in ((part.left, part.right), (part.right, part.left)):
                yield put(expression, part, ast.copy_location(ast.BinOp(left, other, right), part)), part


FAMILIAR = ("tanh", "sigmoid", "exp", "log", "sqrt", "relu", "square", "reciprocal", "sin", "cos")


def _another(case: Case) -> Diagnosis | None:
    for site in sites(case):
        if isinstance(site.part, ast.BinOp) and isinstance(site.part.op, ast.Mult | ast.Div):
            times = isinstance(site.part.op, ast.Mult)
            other = ast.BinOp(site.part.left, ast.Div() if times else ast.Mult(), site.part.right)
            if replays(case, written_as(case, site.line, put(site.tree, site.part, other))):
                return _told(case, site, f"`{ast.unparse(other)}`")
        elif isinstance(site.part, ast.Call) and isinstance(site.part.func, ast.Attribute) and site.part.func.attr in SLOPES:
            for name in FAMILIAR:
                if name != site.part.func.attr and replays(case, with_slope(case, site, _slope(name))):
                    return _told(case, site, name)
    return None


def _slope(name: str) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """The derivative of a familiar function, from what goes in and what comes out, as a learner may write it by heart."""
    code = compile(SLOPES[name], name, "eval")
    return lambda x, y: eval(code, {"torch": torch, "x": x, "y": y}) * torch.ones_like(y)


def _told(case: Case, site: Site, other: str) -> Diagnosis:
    part = ast.unparse(site.part)
    return Diagnosis(
        code="wrong-local-derivative",
        certainty="proven",
        error=f"this is the derivative of {other}, but the forward computes `{part}`",
        note=f"In `{site.line.name} = {site.line.source}` another operation takes place, and it has another derivative.",
        help=f"Write down how `{part}` moves with `{ast.unparse(site.operand)}`, then multiply with what arrives from above.",
        span=case.span(),
        evidence=f"With the derivative of {other} for that of `{part}`, autograd gives exactly your answer in every trial.",
    )


def _lacking(case: Case) -> Diagnosis | None:
    """A gradient from above stands there without the derivative it has to be multiplied with."""
    found = next(with_factor(case, case.draft), None) if case.draft is not None else None
    if found is None:
        return None
    expression, part, _ = found
    return Diagnosis(
        code="missing-local-derivative",
        certainty="proven",
        error=f"`{text(part)}` comes through here without a derivative that belongs to its path",
        note="All the rest of the expression is right.",
        help=f"Follow the path from {case.node} up to where `{ast.unparse(part)}` arrives, and count one factor for each operation.",
        span=case.span(part),
        evidence=f"`{text(expression)}` equals autograd's gradient in every trial.",
        fix=text(expression),
    )


def _replaced(case: Case) -> Diagnosis | None:
    """The smallest part without a gradient in it that is not what belongs there."""
    everything = replaced(case, case.draft) if case.draft is not None else iter(())
    found = [(e, p, r) for e, p, r in everything if not case.gradients_in(p) | case.gradients_in(r) and _is_tensor(case, p)]
    found = [(e, p, r) for e, p, r in found if p is not case.draft or isinstance(p, ast.Name)]
    if not found:
        return None
    expression, part, replacement = min(found, key=lambda f: len(list(ast.walk(f[1]))))
    kind = _kind(part, replacement)
    if kind is None or (case.draft is not None and ast.dump(replacement) in ast.dump(case.draft)):
        return None
    code, error = kind
    return Diagnosis(
        code=code,
        certainty="proven",
        error=f"`{text(part)}` {error}",
        note="All the rest of the expression is right.",
        help="Write down the operation of the forward that this part is for, and its derivative alone.",
        span=case.span(part),
        evidence=f"With `{text(replacement)}` in its place the expression equals autograd's gradient in every trial.",
        fix=text(expression),
    )


def _kind(part: ast.expr, replacement: ast.expr) -> tuple[str, str] | None:
    """What mistake it is to have written `part` for `replacement`; None where something beside it is wrong instead."""
    while isinstance(part, ast.BinOp) and isinstance(replacement, ast.BinOp) and type(part.op) is type(replacement.op):
        if ast.dump(part.right) == ast.dump(replacement.right):
            part, replacement = part.left, replacement.left
        elif ast.dump(part.left) == ast.dump(replacement.left):
            part, replacement = part.right, replacement.right
        else:
            break
    if isinstance(replacement, ast.BinOp):
        within = ast.dump(part) in ast.dump(replacement)
        if within and isinstance(replacement.op, ast.Mult):
            return "missing-local-derivative", "is not the whole derivative: a factor is missing"
        if (within and isinstance(replacement.op, ast.Add | ast.Sub)) or (
            isinstance(part, ast.Name) and isinstance(replacement.left, ast.Constant)
        ):
            return None
    if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr == "ones_like":
        return "missing-local-derivative", "takes the derivative for 1"
    names = {n.id for n in ast.walk(replacement) if isinstance(n, ast.Name)} - {"torch", "F"}
    if isinstance(part, ast.Name) and (names != {part.id} or not isinstance(replacement, ast.Call)):
        return "wrong-operand", "stands where another value belongs"
    if isinstance(part, ast.Name) and "sign" not in ast.dump(replacement):
        return "wrong-point", "is not where this derivative is taken"
    return "wrong-local-derivative", "is not the derivative that belongs here"


def _is_tensor(case: Case, part: ast.expr) -> bool:
    value = value_of(case, part)
    return isinstance(value, torch.Tensor) and value.is_floating_point() and value.dim() > 0
