"""A product that was meant for a whole sum, and reaches only its last term: `1 - h**2 * dh`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backprop_check.derivation.trees import literal, text
from backprop_check.diagnosis.by_edit.edits import Edit, parts, search
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.phrases import short
from backprop_check.expression.rewrites import negated, operations, put
from backprop_check.records import Diagnosis

SIGNS = {ast.Mult: "*", ast.Div: "/", ast.MatMult: "@"}


def find(case: Case) -> Diagnosis | None:
    """Proven by setting brackets round a sum: the expression is then right."""
    found = search(case, bracketed)
    if found is None:
        return _power(case)
    fixed, _, near = found
    whole = next(p for p in parts(case.draft or near) if isinstance(p, ast.BinOp) and near in (p.left, p.right))
    assert isinstance(near, ast.BinOp)
    far = whole.left if near is whole.right else whole.right
    factor, reached = (near.right, near.left) if near is whole.right else (near.left, near.right)
    sign, words = SIGNS[type(near.op)], {ast.Mult: "multiplies", ast.Div: "divides", ast.MatMult: "multiplies"}[type(near.op)]
    lacks = case.gradients_in(factor) and not case.gradients_in(far)
    return case.proven(
        "missing-upstream" if lacks else "wrong-local-derivative",
        error=f"brackets are missing: `{short(factor)}` {words} only `{short(reached)}`",
        note=f"`{sign}` binds more strongly than `+` and `-`, so `{short(far)}` is left without it.",
        help=f"Set brackets, so that `{short(factor)}` {words} both, `{short(far)}` and `{short(reached)}`.",
        span=case.span(near),
        fix=fixed,
        question="Of brackets",
    )


def _power(case: Case) -> Diagnosis | None:
    """A power of a whole sum, where one of its terms alone is raised."""
    found = search(case, _raised)
    if found is None:
        return None
    fixed, _, part = found
    assert isinstance(part, ast.BinOp)
    return case.proven(
        "wrong-power",
        error=f"this raises the whole of `{short(part.left)}`",
        note=f"What stands in brackets is computed first: all of it is raised to `{text(part.right)}`.",
        help="Ask which term of the derivative has this exponent, and raise that alone.",
        span=case.span(part),
        fix=fixed,
    )


def _raised(_: Case, expression: ast.expr) -> Iterator[Edit]:
    for part in parts(expression):
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Pow) and isinstance(part.left, ast.BinOp):
            inner = part.left
            if isinstance(inner.op, ast.Add | ast.Sub) and literal(inner.right) is None:  # a power of a small number is nearly none
                raised = ast.BinOp(inner.left, inner.op, ast.BinOp(inner.right, part.op, part.right))
                yield put(expression, part, ast.copy_location(raised, part)), part


def bracketed(case: Case, expression: ast.expr) -> Iterator[Edit]:
    for edited, part, near in _bracketed(expression):
        # Brackets that only make the other term zero, as what one branch lets pass is where the other lets nothing pass, take it away.
        lacking = put(expression, part, negated(near) if near is part.right and isinstance(part.op, ast.Sub) else near)
        values = case.evaluate(lacking)
        if values is None or not case.same(case.evaluate(edited), values):
            yield edited, near


def _bracketed(expression: ast.expr) -> Iterator[tuple[ast.expr, ast.BinOp, ast.expr]]:
    """The expression with brackets round a sum, that sum, and the term which alone was multiplied."""
    for part in operations(expression, ast.Add | ast.Sub):
        left, right = part.left, part.right
        if isinstance(right, ast.BinOp) and type(right.op) in SIGNS:
            whole = ast.BinOp(ast.BinOp(left, part.op, right.left), right.op, right.right)
            yield put(expression, part, ast.copy_location(whole, part)), part, right
        if isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mult | ast.MatMult):
            whole = ast.BinOp(left.left, left.op, ast.BinOp(left.right, part.op, right))
            yield put(expression, part, ast.copy_location(whole, part)), part, left


def unbracketed(expression: ast.expr) -> Iterator[ast.expr]:
    """The expression with the brackets round one sum left out: `1 - h**2 * dh` for `(1 - h**2) * dh`."""
    for part in parts(expression):
        if isinstance(part, ast.BinOp) and type(part.op) in SIGNS:
            left, right = part.left, part.right
            if isinstance(left, ast.BinOp) and isinstance(left.op, ast.Add | ast.Sub):
                yield put(expression, part, ast.BinOp(left.left, left.op, ast.BinOp(left.right, part.op, right)))
            if isinstance(right, ast.BinOp) and isinstance(right.op, ast.Add | ast.Sub):
                yield put(expression, part, ast.BinOp(ast.BinOp(left, part.op, right.left), right.op, right.right))
