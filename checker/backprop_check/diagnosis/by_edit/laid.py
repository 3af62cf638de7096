"""An operand laid along other axes of what it is joined with: however its axes of length 1 are written, or where none is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations

import torch

from backprop_check.diagnosis.by_edit.edits import Edit, parts, value_of
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.meeting import MODULES, shape_told
from backprop_check.diagnosis.phrases import short
from backprop_check.expression.rewrites import calls, method, put

RANKS = 4


def laid(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """Each part that only has axes of length 1 more than what it is made of, with those elsewhere; then each side of an operation that
    has fewer axes than the other one, with axes of length 1 at other places than before its own."""
    for part in parts(expression):
        base = laid_out(case, part)
        if base is not None:
            yield from ((put(expression, part, other), part) for other in _lays(case, part, base, _rank(case, part)))
    if not (case.everywhere and case.same_shape):
        return  # what only lacks an axis is told by its shape
    for part, other in _sides(expression):
        if 0 < _rank(case, part) < _rank(case, other) and laid_out(case, part) is None and not _new_axes(case, part):
            yield from ((put(expression, part, new), part) for new in _lays(case, part, part, _rank(case, other)))


def laid_out(case: Case, part: ast.expr) -> ast.expr | None:
    """The `m` of `m[:, None]`, `m.view(-1, 1)` and the like: by value, whatever puts the axes there."""
    match part:
        case ast.Subscript(value=base):
            pass
        case ast.Call(func=ast.Attribute(value=module), args=[base, *_]) if ast.unparse(module) in MODULES:
            pass
        case ast.Call(func=ast.Attribute(value=base)):
            pass
        case _:
            return None
    mine, own = value_of(case, part), value_of(case, base)
    if not isinstance(mine, torch.Tensor) or not isinstance(own, torch.Tensor) or not 0 < own.dim() < mine.dim() <= RANKS:
        return None
    same = [n for n in mine.shape if n != 1] == [*own.shape] and torch.equal(mine.reshape(own.shape), own)
    return base if same else None


def told_as_laid(case: Case, part: ast.expr, right: ast.expr | None) -> tuple[str, str, str]:
    """Error, note and help of a part and of what stands for it in the right expression."""
    base = laid_out(case, part)
    due = _own_axes(case, right) if right is not None else None
    if base is not None:
        of = short(base)
        now = _own_axes(case, part)
        error, note = "the axis of length 1 stands in the wrong place", f"`{short(part)}` is {shape_told(case, part)}"
        note += f": it lays `{of}` along {_listed(now)}, and `{of}` belongs along {_listed(due)}." if now and due else "."
    else:
        of = short(part)
        rank = _rank(case, right) if right is not None else 0
        error = f"`{of}` lies along the wrong axis"
        note = f"Axes are matched from the last one back, so `{of}` lies along {_listed([*range(rank - _rank(case, part), rank)])}"
        note += f"; it belongs along {_listed(due)}." if due else "."
    return error, note, f"Write `{short(right)}`." if right is not None else ""


def _lays(case: Case, part: ast.expr, base: ast.expr, rank: int) -> Iterator[ast.expr]:
    more = rank - _rank(case, base)
    now = _new_axes(case, part) if part is not base else [*range(more)]
    for axes in combinations(range(rank), more):
        if [*axes] == now:
            continue
        new = base
        if isinstance(part, ast.Subscript) and part is not base:
            index: list[ast.expr] = [ast.Constant(None) if axis in axes else ast.Slice() for axis in range(axes[-1] + 1)]
            new = ast.Subscript(base, index[0] if len(index) == 1 else ast.Tuple(index, ast.Load()), ast.Load())
        else:
            for axis in axes:
                new = method(new, "unsqueeze", axis)
        yield ast.copy_location(new, part)


def _own_axes(case: Case, part: ast.expr) -> list[int]:
    """The axes of a part that are those of what it is made of."""
    new = _new_axes(case, part)
    return [axis for axis in range(_rank(case, part)) if axis not in new]


def _new_axes(case: Case, part: ast.expr) -> list[int]:
    value = value_of(case, part)
    return [axis for axis, n in enumerate(value.shape) if n == 1] if isinstance(value, torch.Tensor) else []


def _rank(case: Case, part: ast.expr) -> int:
    value = value_of(case, part)
    return value.dim() if isinstance(value, torch.Tensor) else 0


def _sides(expression: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    for part in parts(expression):
        if isinstance(part, ast.BinOp) and not isinstance(part.op, ast.MatMult):
            yield from ((part.left, part.right), (part.right, part.left))
    for call in calls(expression, "expand_as"):
        if call.args and isinstance(call.func, ast.Attribute):
            yield call.func.value, call.args[0]


def _listed(axes: list[int]) -> str:
    return f"axis {axes[0]}" if len(axes) == 1 else f"axes {', '.join(map(str, axes[:-1]))} and {axes[-1]}"
