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

Question: Which numbers of the two tensors meet in {part}, and which of them meet in the forward?
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import torch

from backprop_check.derivation.trees import text
from backprop_check.diagnosis.by_edit.edits import Edit, parts, search, value_of
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.meeting import function_of, last_step, operands_of
from backprop_check.diagnosis.phrases import shape_of
from backprop_check.exercise.sizes import written
from backprop_check.expression.rewrites import method, put, turned
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by giving one operand of such a table an axis of length 1, or taking one away: the expression is then right."""
    found = search(case, edits)
    if found is None:
        return None
    pair = found.part
    if isinstance(pair, ast.Call):
        return _outer(case, pair, found.fix)
    assert isinstance(pair, ast.BinOp)
    if isinstance(pair.op, ast.MatMult):
        return _of_columns(case, pair, found.fix)
    changed = found.tree
    left, right, table = (shape_of(case, node) or _plain(case, node) for node in (pair.left, pair.right, pair))
    short = pair.left if _rank(case, pair.left) < _rank(case, pair.right) else pair.right
    return case.proven(
        "accidental-outer",
        error=f"{left} meets {right}: broadcasting builds a table {table}",
        note="Shapes are aligned from the right, so both operands are stretched, and each number meets all of the other.",
        help=f"Let the axes that belong together stand under each other: {_move(case, pair, short, changed)}.",
        span=case.span(pair),
        fix=found.fix,
    )


def _outer(case: Case, call: ast.Call, fix: str) -> Diagnosis:
    """`torch.outer` of two vectors whose elements belong together in pairs."""
    return case.proven(
        "accidental-outer",
        error=f"{case.got}, but {case.node} is {case.due}"
        if case.everywhere and not case.same_shape
        else "this joins every number with every other",
        note=f"`{text(call.func)}` joins every number of one vector with every number of the other. "
        "Here each meets the one in its own place.",
        help="Multiply element by element: `*`.",
        span=case.span(call),
        fix=fix,
    )


def _of_columns(case: Case, product: ast.BinOp, fix: str) -> Diagnosis:
    """A matrix product of two tables whose columns belong together in pairs: the gradient is its diagonal."""
    joined = " with every column of ".join(f"`{text(side)}`" for side in (turned(product.left), product.right))
    return case.proven(
        "accidental-outer",
        error=f"{case.got}, but {case.node} is {case.due}" if not case.same_shape else "this joins every column with every other",
        note=f"`@` joins every column of {joined}. Here each meets the one in its own place, which is the diagonal.",
        help="Multiply element by element, `*`, and add up over the axis on which `@` lets them meet.",
        span=case.span(product),
        fix=fix,
    )


def _move(case: Case, pair: ast.BinOp, short: ast.expr, changed: ast.expr) -> str:
    """What the right expression has in the place of one of the two: an axis given, or one taken away."""
    long = pair.right if short is pair.left else pair.left
    if any(node is long for node in ast.walk(changed)) and not any(
        isinstance(n, ast.Call) and getattr(n.func, "attr", "") == "squeeze" for n in ast.walk(changed)
    ):
        return f"give `{text(short)}` an axis of length 1"
    base = _unlaid(long)
    return f"leave the `{last_step(long)}` out" if base is not None else f"take the axis of length 1 from `{text(long)}`"


def _unlaid(node: ast.expr) -> ast.expr | None:
    """What stands before an axis of length 1 that the learner's line gives it."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("unsqueeze", "view", "reshape"):
        return node.func.value
    return node.value if isinstance(node, ast.Subscript) and "None" in ast.unparse(node.slice) else None


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    for part in parts(expression):
        if isinstance(part, ast.Call) and function_of(part) in ("outer", "ger") and [_rank(case, o) for o in operands_of(part)] == [1, 1]:
            yield put(expression, part, ast.copy_location(ast.BinOp(operands_of(part)[0], ast.Mult(), operands_of(part)[1]), part)), part
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.MatMult) and [_rank(case, o) for o in (part.left, part.right)] == [2, 2]:
            pairs = ast.BinOp(turned(part.left), ast.Mult(), part.right)
            yield put(expression, part, ast.copy_location(method(pairs, "sum", 0), part)), part
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
        bare = [base] if (base := _unlaid(long)) is not None else []
        for old, new in [(long, n) for n in bare] + [(short, n) for n in given] + [(long, n) for n in taken]:
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
