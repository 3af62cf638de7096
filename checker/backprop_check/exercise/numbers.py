"""Tell from their text which lines of a forward name a plain number, and how long the axes of a shape comment are."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Collection, Mapping


def is_number(source: str, numbers: Collection[str] = ()) -> bool:
    """Whether an expression is a plain number: `X.shape[0]`, `x.size(1)`, `len(x)`, and arithmetic with those and with `numbers`."""
    return _is_number(ast.parse(f"({source}\n)", mode="eval").body, numbers)


def _is_number(node: ast.expr, numbers: Collection[str]) -> bool:
    match node:
        case ast.Constant(value=bool() | int() | float()):
            return True
        case ast.Name(id=name):
            return name in numbers
        case ast.Subscript(value=ast.Attribute(attr="shape")):
            return True
        case ast.Call(func=ast.Name(id="len")) | ast.Call(func=ast.Attribute(attr="numel" | "dim" | "item")):
            return True
        case ast.Call(func=ast.Attribute(attr="size"), args=[_]):
            return True
        case ast.UnaryOp(operand=operand):
            return _is_number(operand, numbers)
        case ast.BinOp(left=left, right=right):
            return _is_number(left, numbers) and _is_number(right, numbers)
    return False


def axis_lengths(axes: str, sizes: Mapping[str, int]) -> tuple[int, ...] | None:
    """Return the shape that a comment such as `(N, B·E)` means at `sizes`, or None where it names what is no size."""
    inner = axes.strip()[1:-1]
    lengths = [_length(part.strip(), sizes) for part in inner.split(",") if part.strip()]
    known = tuple(n for n in lengths if n is not None)
    return known if len(known) == len(lengths) else None


def _length(part: str, sizes: Mapping[str, int]) -> int | None:
    try:
        return _value(ast.parse(part.replace("·", "*"), mode="eval").body, sizes)
    except (SyntaxError, ValueError, KeyError, ZeroDivisionError):
        return None


def _value(node: ast.expr, sizes: Mapping[str, int]) -> int:
    match node:
        case ast.Constant(value=int(number)):
            return number
        case ast.Name(id=name):
            return sizes[name]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            one, other = _value(left, sizes), _value(right, sizes)
            if not isinstance(op, ast.Div) or one % other == 0:
                return _ARITHMETIC[type(op)](one, other)
    raise ValueError


_ARITHMETIC: Mapping[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.floordiv, ast.FloorDiv: operator.floordiv,
}  # fmt: skip
