"""An operand of fewer axes that torch lays along the last axes of what it meets, where it belongs along others."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import torch

from backprop_check.diagnosis.by_edit.edits import Edit, search, value_of
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.meeting import shape_told
from backprop_check.diagnosis.phrases import short
from backprop_check.expression.rewrites import method, operations, put
from backprop_check.records import Diagnosis

MEET = ast.Add | ast.Sub | ast.Mult | ast.Div


def laid(case: Case) -> Diagnosis | None:
    """Proven by an axis of length 1 put within the operand's own: the expression is then right."""
    found = search(case, _elsewhere)
    if found is None or case.draft is None:
        return None
    operand = found.part
    assert isinstance(operand, ast.expr)
    whole = next(part for part in operations(case.draft, MEET) if operand is part.left or operand is part.right)
    other = whole.left if operand is whole.right else whole.right
    bare = _bare(operand)
    return case.proven(
        "wrong-axis",
        by=found,
        error=f"`{short(bare)}` is laid along the wrong axes of `{short(other)}`",
        note=f"Axes are compared from the right: `{short(bare)}`, {shape_told(case, bare)}, lies along the last ones of "
        f"`{short(other)}`, {shape_told(case, other)}.",
        help=f"Ask which axis of `{short(other)}` is the one that `{short(bare)}` does not have, and give it length 1 there: `unsqueeze`.",
        question="Of factors that meet",
    )


def _bare(operand: ast.expr) -> ast.expr:
    """An operand without the axis that `[None]` puts before its own, which changes nothing of where it lies."""
    match operand:
        case ast.Subscript(value=base, slice=ast.Constant(value=None)):
            return base
    return operand


def _elsewhere(case: Case, expression: ast.expr) -> Iterator[Edit]:
    for part in operations(expression, MEET):
        for operand, other in ((part.left, part.right), (part.right, part.left)):
            bare = _bare(operand)
            short_one, long_one = value_of(case, bare), value_of(case, other)
            if isinstance(short_one, torch.Tensor) and isinstance(long_one, torch.Tensor) and 0 < short_one.dim() < long_one.dim():
                for axis in range(1, short_one.dim() + 1):
                    yield put(expression, operand, ast.copy_location(method(bare, "unsqueeze", axis), operand)), operand
