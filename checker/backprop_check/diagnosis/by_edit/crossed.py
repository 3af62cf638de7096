"""A product of two sums where each term of the one belongs with a term of the other: multiplied crosswise, it has too many products."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backprop_check.diagnosis.by_edit.edits import Edit, search
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.phrases import short
from backprop_check.expression.rewrites import operations, put
from backprop_check.records import Diagnosis


def crossed(case: Case) -> Diagnosis | None:
    """Proven by the products of what belongs together in the place of the product of sums: the expression is then right."""
    found = search(case, _apart)
    if found is None:
        return None
    part = found.part
    assert isinstance(part, ast.BinOp)
    return case.proven(
        "sum-before-product",
        by=found,
        error="this sums first and multiplies afterwards",
        note="A sum of products is not a product of sums: "
        f"`{short(part.left)}` times `{short(part.right)}` also multiplies what stands on different paths.",
        help="Multiply what belongs together first, then sum.",
        evidence="With a product for each pair that belongs together the expression equals autograd's gradient in every trial.",
    )


def _apart(_: Case, expression: ast.expr) -> Iterator[Edit]:
    for part in operations(expression, ast.Mult | ast.MatMult):
        for left, one, two in _halves(part.left):
            for right, three, four in _halves(part.right):
                # Where one of the two sums is a difference, the second product is taken away.
                op = ast.Sub() if isinstance(left, ast.Sub) != isinstance(right, ast.Sub) else ast.Add()
                for first, second in ((three, four), (four, three)):
                    new = ast.BinOp(ast.BinOp(one, part.op, first), op, ast.BinOp(two, part.op, second))
                    yield put(expression, part, ast.copy_location(new, part)), part


def _halves(side: ast.expr) -> Iterator[tuple[ast.operator, ast.expr, ast.expr]]:
    """A sum as two, at each of its signs; what is turned as a whole, turned in each."""
    if isinstance(side, ast.Attribute) and side.attr in ("T", "mT"):
        for op, one, two in _halves(side.value):
            yield op, put(side, side.value, one), put(side, side.value, two)
    elif isinstance(side, ast.BinOp) and isinstance(side.op, ast.Add | ast.Sub):
        yield side.op, side.left, side.right
        for op, one, two in _halves(side.left):
            if isinstance(op, ast.Add):
                yield op, one, ast.BinOp(two, side.op, side.right)
