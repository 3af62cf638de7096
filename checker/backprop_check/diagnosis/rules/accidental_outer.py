"""accidental-outer: (N,) meets (N, 1), and broadcasting builds a table of every number with every other.

Family: Shape, broadcast, reduction
Forward: y = w[:, None] * x
Shapes: w (N,), x (N, 1)
Wrong: dx = w * dy
Right: dx = w[:, None] * dy

Why:
Broadcasting aligns shapes from the right: the one axis of (N,) stands under the 1 of (N, 1), not under its N. Both
are stretched, and the result holds every pair, an (N, N) table. torch does not complain. Give the vector its second
axis (`w[:, None]`), so that the two Ns stand under each other.

Read more: the PyTorch documentation, "Broadcasting semantics".
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import torch

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.edits import Edit, parts, search, value_of
from backprop_check.diagnosis.rewrites import method, put
from backprop_check.diagnosis.words import shape_of
from backprop_check.exercise.sizes import written
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by giving one operand of such a table an axis of length 1, or taking one away: the expression is then right."""
    found = search(case, edits)
    if found is None:
        return None
    pair = found[2]
    assert isinstance(pair, ast.BinOp)
    left, right, table = (shape_of(case, node) or _plain(case, node) for node in (pair.left, pair.right, pair))
    short = pair.left if _rank(case, pair.left) < _rank(case, pair.right) else pair.right
    return Diagnosis(
        code="accidental-outer",
        certainty="proven",
        error=f"{left} meets {right}: broadcasting builds a table {table}",
        note="Shapes are aligned from the right, so both operands are stretched, and each number meets all of the other.",
        help=f"Let the axes that belong together stand under each other: give `{ast.unparse(short)}` an axis of length 1.",
        span=case.span(pair),
        evidence=f"`{found[0]}` equals autograd's gradient in every trial.",
        fix=found[0],
    )


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    for part in parts(expression):
        if not isinstance(part, ast.BinOp) or not isinstance(part.op, ast.Add | ast.Sub | ast.Mult | ast.Div):
            continue
        left, right, table = value_of(case, part.left), value_of(case, part.right), value_of(case, part)
        if not (isinstance(left, torch.Tensor) and isinstance(right, torch.Tensor) and isinstance(table, torch.Tensor)):
            continue
        if left.dim() == right.dim() or table.shape in (left.shape, right.shape):
            continue
        short, long = (part.left, part.right) if left.dim() < right.dim() else (part.right, part.left)
        rank = min(left.dim(), right.dim())
        given = [_column(short)] if rank == 1 else [method(short, "unsqueeze", k) for k in range(1, rank + 1)]
        taken = [method(long, "squeeze", k) for k in range(rank + 1)]
        for old, new in [(short, n) for n in given] + [(long, n) for n in taken]:
            yield put(expression, old, ast.copy_location(new, old)), part


def _column(vector: ast.expr) -> ast.expr:
    """`vector[:, None]`."""
    return ast.Subscript(vector, ast.Tuple([ast.Slice(), ast.Constant(None)], ast.Load()), ast.Load())


def _plain(case: Case, node: ast.expr) -> str:
    """The shape in the first trial, of what holds whole numbers or truths."""
    value = value_of(case, node)
    return written(tuple(value.shape)) if isinstance(value, torch.Tensor) else "a number"


def _rank(case: Case, node: ast.expr) -> int:
    value = value_of(case, node)
    return value.dim() if isinstance(value, torch.Tensor) else 0
