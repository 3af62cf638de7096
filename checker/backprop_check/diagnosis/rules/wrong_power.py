"""wrong-power: the exponent is not the one the power rule gives.

Family: Local derivative
Forward: y = s**-1
Shapes: s (N,)
Wrong: ds = -(s**-1) * dy
Right: ds = -(s**-2) * dy

Why:
The derivative of x**n is n * x**(n-1): bring the exponent down as a factor *and* lower it by one. One below -1 is -2;
one below -1/2 is -3/2. Check one number: where the value is 2, how much does the result move?

Read more: any table of derivatives; the power rule.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.edits import Edit, parts, search, tensors
from backprop_check.diagnosis.rewrites import put
from backprop_check.records import Diagnosis

FLAT = ("sign", "sgn", "ones_like", "zeros_like")
EXPONENTS = (1, 2, 3, -1, -2, -3, 0.5, -0.5, 1.5, -1.5)


def find(case: Case) -> Diagnosis | None:
    """Proven by the learner's own expression with another exponent: it is then right."""
    found = search(case, edits)
    if found is None:
        return None
    text, _, part = found
    base = part.left if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Pow) else part
    return Diagnosis(
        code="wrong-power",
        certainty="proven",
        error=f"the exponent of `{ast.unparse(base)}` is not right",
        note=case.only("All the rest of the expression is."),
        help="Bring the exponent down as a factor, and lower it by one.",
        span=case.span(part),
        evidence="With another exponent the expression equals autograd's gradient in every trial.",
        fix=text,
    )


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    powers = [p for p in parts(expression) if isinstance(p, ast.BinOp) and isinstance(p.op, ast.Pow)]
    for power in powers:
        for exponent in EXPONENTS:
            yield put(expression, power, ast.copy_location(_power(power.left, exponent), power)), power
    for part in tensors(case, expression):
        if part not in powers and isinstance(part, ast.Name | ast.Call) and not _is_flat(part):
            for exponent in (2, 3):
                yield put(expression, part, ast.copy_location(_power(part, exponent), part)), part


def _is_flat(part: ast.expr) -> bool:
    """Whether a call gives ones, zeros and signs: a power of them is no derivative."""
    return isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in FLAT


def _power(base: ast.expr, exponent: float) -> ast.expr:
    if exponent == 1:
        return base
    number: ast.expr = ast.Constant(abs(exponent))
    return ast.BinOp(base, ast.Pow(), number if exponent > 0 else ast.UnaryOp(ast.USub(), number))
