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
from collections.abc import Iterator

from backprop_check.diagnosis.alone import factor_alone
from backprop_check.diagnosis.another import another
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.edits import Edit, parts, search
from backprop_check.diagnosis.instead import instead, lacking
from backprop_check.diagnosis.rewrites import put
from backprop_check.diagnosis.rules.applied_twice import inner_of
from backprop_check.diagnosis.words import users
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by dividing where the learner multiplies, or the other way round: the expression is then right.

    Or by replay: with the derivative of another operation in the place of the forward's, autograd gives the learner's answer.
    """
    found = search(case, edits)
    if found is None:
        return (another(case) or instead(case) or lacking(case) or factor_alone(case)) if case.everywhere else None
    if isinstance(found[2], ast.Constant | ast.Call):
        return _not_the_slope(case, found)
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


def _not_the_slope(case: Case, found: tuple[str, ast.expr, ast.expr]) -> Diagnosis:
    return Diagnosis(
        code="wrong-local-derivative",
        certainty="proven",
        error=f"`{ast.unparse(found[2])}` does not belong to this derivative",
        note="All the rest of the expression is right.",
        help=f"Write the derivative of {users(case)} down alone, with its constants.",
        span=case.span(found[2]),
        evidence=f"`{found[0]}` equals autograd's gradient in every trial.",
        fix=found[0],
    )


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    for part in parts(expression):
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult | ast.Div):
            other = ast.Div() if isinstance(part.op, ast.Mult) else ast.Mult()
            for left, right in ((part.left, part.right), (part.right, part.left)):
                yield put(expression, part, ast.copy_location(ast.BinOp(left, other, right), part)), part
    for part in parts(expression):
        inner = inner_of(part)
        if inner is not None:
            yield put(expression, part, inner), part
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add | ast.Sub):
            for number in (part.left, part.right):
                if isinstance(number, ast.Constant) and number.value == 0:
                    yield put(expression, number, ast.copy_location(ast.Constant(1), number)), number
