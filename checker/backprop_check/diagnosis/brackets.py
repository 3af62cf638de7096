"""Brackets that are missing: `1 - h**2 * dh` for `(1 - h**2) * dh`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backprop_check.diagnosis.asking import example
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.edits import Edit, parts, search
from backprop_check.diagnosis.rewrites import put
from backprop_check.diagnosis.words import short
from backprop_check.records import Diagnosis

FIRST = (ast.Mult, ast.Div, ast.MatMult)
SIGNS = {ast.Mult: "*", ast.Div: "/", ast.MatMult: "@", ast.Add: "+", ast.Sub: "-"}


def find(case: Case) -> Diagnosis | None:
    """Proven by the same expression with the sum in brackets: it is then right."""
    found = search(case, _bracketed) if case.expression is not None else None
    if found is None or not isinstance(found[2], ast.BinOp):
        return None
    whole = found[2]
    inner = next(side for side in (whole.right, whole.left) if isinstance(side, ast.BinOp) and type(side.op) in FIRST)
    first, then = SIGNS[type(inner.op)], SIGNS[type(whole.op)]
    return Diagnosis(
        code="wrong-local-derivative",
        certainty="proven",
        error=f"`{first}` comes before `{then}`: this computes `{short(inner)}` first",
        note=example(case),
        help=f"Put in brackets what belongs together before the `{first}`.",
        span=case.span(whole),
        evidence=f"`{found[0]}` equals autograd's gradient in every trial.",
        fix=found[0],
    )


def _bracketed(_: Case, expression: ast.expr) -> Iterator[Edit]:
    for part in parts(expression):
        if not isinstance(part, ast.BinOp) or not isinstance(part.op, ast.Add | ast.Sub):
            continue
        left, right = part.left, part.right
        if isinstance(right, ast.BinOp) and type(right.op) in FIRST:
            yield put(expression, part, ast.BinOp(ast.BinOp(left, part.op, right.left), right.op, right.right)), part
        if isinstance(left, ast.BinOp) and type(left.op) in FIRST:
            yield put(expression, part, ast.BinOp(left.left, left.op, ast.BinOp(left.right, part.op, right))), part
