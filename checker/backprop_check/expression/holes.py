"""What a part of an expression would have to be worth for the whole to be right: the operations above it, undone."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

import torch

from backprop_check.derivation.trees import literal

Worth = Callable[[ast.expr], object]
Hole = tuple[ast.expr, torch.Tensor]
"""A part of the expression, and the value it needs."""

RELATIVE, ABSOLUTE = 1e-6, 1e-9
"""By how much numbers may differ that count as one."""

_LEFT: dict[type, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    ast.Add: lambda goal, right: goal - right,
    ast.Sub: lambda goal, right: goal + right,
    ast.Mult: lambda goal, right: goal / right,
    ast.Div: lambda goal, right: goal * right,
    # An even power hides the sign of what was raised.
    ast.Pow: lambda goal, right: goal ** (1 / right) if right.dim() == 0 and float(right) % 2 else torch.full_like(goal, torch.nan),
}
_RIGHT: dict[type, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    ast.Add: lambda goal, left: goal - left,
    ast.Sub: lambda goal, left: left - goal,
    ast.Mult: lambda goal, left: goal / left,
    ast.Div: lambda goal, left: left / goal,
}
_CALLS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {"exp": torch.log, "log": torch.exp, "sqrt": torch.square, "neg": torch.neg}


def holes(worth: Worth, expression: ast.expr, goal: torch.Tensor) -> Iterator[Hole]:
    """Yield every part that can be reached by undoing what stands above it, the whole first, with the value it needs.

    Sums and matrix products lose what went in, so nothing below them is yielded.
    """
    yield expression, goal
    for part, needed in _below(worth, expression, goal):
        if bool(torch.isfinite(needed).all()):
            yield from holes(worth, part, needed)


def _below(worth: Worth, expression: ast.expr, goal: torch.Tensor) -> Iterator[Hole]:
    match expression:
        case ast.BinOp(left=left, op=op, right=right):
            for part, other, table in ((left, right, _LEFT), (right, left, _RIGHT)):
                undo, value = table.get(type(op)), _value(worth, other)
                if undo is not None and value is not None and fits(value, goal):
                    yield part, undo(goal, value)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            yield operand, -goal
        case ast.Attribute(value=value, attr="T" | "mT") if goal.dim() == 2:
            yield value, goal.T
        case ast.Call(func=ast.Attribute(attr="cat" | "concat" | "stack"), args=[ast.List(elts=joined) | ast.Tuple(elts=joined), *_]):
            yield from _joined(worth, expression, joined, goal)
        case ast.Call(func=ast.Attribute(value=value, attr=name), args=arguments):
            function = isinstance(value, ast.Name) and value.id in ("torch", "F")
            inner = arguments[0] if function and arguments else value
            if name in _CALLS and len(arguments) == (1 if function else 0):
                yield inner, _CALLS[name](goal)
            elif name in ("reshape", "view", "unsqueeze", "squeeze", "flatten") and not function:
                before = _value(worth, inner)
                if before is not None and before.numel() == goal.numel():
                    yield inner, goal.reshape(before.shape)


def _joined(worth: Worth, call: ast.Call, joined: list[ast.expr], goal: torch.Tensor) -> Iterator[Hole]:
    """The one part of a `cat` or a `stack` that is not what belongs in its place."""
    given = [*call.args[1:2], *(k.value for k in call.keywords if k.arg in ("dim", "axis"))]
    axis, values = (literal(given[0]) if given else 0), [_value(worth, part) for part in joined]
    stacks = isinstance(call.func, ast.Attribute) and call.func.attr == "stack"
    if not isinstance(axis, int) or not -goal.dim() <= axis < goal.dim() or any(v is None or (not v.dim() and not stacks) for v in values):
        return
    lengths = [1 if stacks else v.shape[axis] for v in values if v is not None and (stacks or -v.dim() <= axis < v.dim())]
    if len(lengths) != len(joined) or sum(lengths) != goal.shape[axis]:
        return
    needed = [piece.squeeze(axis) if stacks else piece for piece in torch.split(goal, lengths, axis)]
    pairs = zip(joined, values, needed, strict=True)
    off = [(part, due) for part, own, due in pairs if own is None or own.shape != due.shape or not torch.allclose(own, due)]
    yield from off if len(off) == 1 else ()


def _value(worth: Worth, part: ast.expr) -> torch.Tensor | None:
    value = worth(part)
    if isinstance(value, bool) or not isinstance(value, torch.Tensor | int | float):
        return None
    return torch.as_tensor(value, dtype=torch.float64)


def fits(value: torch.Tensor, goal: torch.Tensor) -> bool:
    """Whether a value broadcasts to the shape of a goal."""
    return value.dim() <= goal.dim() and all(n in (1, m) for n, m in zip(reversed(value.shape), reversed(goal.shape), strict=False))


def narrowed(needed: torch.Tensor) -> torch.Tensor:
    """A needed value with the axes along which it does not change shortened to 1: what was broadcast to it."""
    axes = [axis for axis in range(needed.dim()) if needed.shape[axis] > 1]
    if axes and needed.dtype == torch.float64 and needed.numel():
        corner = [0] * needed.dim()
        one = needed[tuple(corner)].item()
        # Its first two numbers along an axis: where they differ, as most do, all need not be looked at.
        axes = [axis for axis in axes if _as_one(needed[(*corner[:axis], 1, *corner[axis + 1 :])].item(), one)]
    for axis in axes:
        first = needed.narrow(axis, 0, 1)
        if torch.allclose(needed, first.expand_as(needed), rtol=RELATIVE, atol=ABSOLUTE):
            needed = first
    return needed


def _as_one(number: float, one: float) -> bool:
    return number == one or abs(number - one) <= ABSOLUTE + RELATIVE * abs(one)
