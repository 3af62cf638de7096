"""Tell from their text which lines of a forward name a plain number, and how long the axes of a shape comment are."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Mapping
from math import prod

_FACTORS = re.compile(r"[A-Za-z_]\w*|\d+")
_SHIFTED = re.compile(r"([A-Za-z_]\w*)([+-]\d+)")


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
    shifted = _SHIFTED.fullmatch(part.replace(" ", ""))
    if shifted:
        return sizes[shifted[1]] + int(shifted[2]) if shifted[1] in sizes else None
    factors = re.split(r"\s*[·*]\s*", part)
    if not all(_FACTORS.fullmatch(f) and (f.isdigit() or f in sizes) for f in factors):
        return None
    return prod(int(f) if f.isdigit() else sizes[f] for f in factors)
