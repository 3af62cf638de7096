"""What only lays numbers out anew, written straight: one transposition less, one sum over two axes, the branches of a `where` exchanged."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backprop_check.derivation.trees import literal
from backprop_check.expression.rewrites import is_turned, method, turned


def straightened(node: ast.expr) -> Iterator[ast.expr]:
    """Other ways to write a part, to be verified by value."""
    match node:
        case ast.Attribute(value=inner, attr="T" | "mT" as name):
            yield from _turned_last(inner) if name == "mT" else ()
            yield from _turned(inner)
        case ast.Call(func=ast.Attribute(value=inner, attr="sum" | "mean" as name), args=[axis], keywords=[]) if not _is_module(inner):
            yield from _summed(inner, name, axis)
        case ast.Call(func=ast.Attribute(value=ast.Name(id="torch") as torch, attr="where"), args=[condition, one, other]):
            if isinstance(condition, ast.UnaryOp) and isinstance(condition.op, ast.Invert | ast.Not):
                yield ast.Call(ast.Attribute(torch, "where", ast.Load()), [condition.operand, other, one], [])
        case ast.BinOp(left=left, op=ast.Div(), right=ast.Call(func=ast.Attribute(attr="ones_like")) as ones):
            yield ast.BinOp(ones, ast.Mult(), left)


def _turned(inner: ast.expr) -> Iterator[ast.expr]:
    """`inner.T` with the transposition done inside."""
    match inner:
        case ast.BinOp(left=left, op=ast.MatMult() as op, right=right):
            yield ast.BinOp(turned(right), op, turned(left))
        case ast.BinOp(left=left, op=op, right=right) if is_turned(left) or is_turned(right):
            yield ast.BinOp(turned(left), op, turned(right))
        case ast.Call(func=ast.Attribute(value=ast.Name(id="torch"), attr="outer"), args=[left, right]):
            yield ast.Call(inner.func, [right, left], [])
        case ast.Call(func=ast.Attribute(value=ast.Name(id="torch"), attr="einsum"), args=[ast.Constant(value=str(letters)), *others]):
            ins, arrow, out = letters.partition("->")
            if arrow:
                yield ast.Call(inner.func, [ast.Constant(f"{ins}->{_reversed(out)}"), *others], [])
        case ast.Call(func=ast.Attribute(value=base, attr="unsqueeze"), args=[axis]) if literal(axis) in (0, 1):
            yield method(base, "unsqueeze", 1 - int(literal(axis) or 0))
        case ast.Call(func=ast.Attribute(value=base, attr="sum" | "mean" as name), args=[axis], keywords=[]) if not _is_module(base):
            yield from (method(part, name, axis) for part in _turned_last(base))
        case ast.Subscript(value=base, slice=ast.Tuple(elts=[one, other])):
            yield ast.Subscript(base, ast.Tuple([other, one], ast.Load()), ast.Load())


def _turned_last(base: ast.expr) -> Iterator[ast.expr]:
    """A product of matrices with its last two axes exchanged."""
    if isinstance(base, ast.BinOp) and isinstance(base.op, ast.MatMult):
        left, right = (_exchanged(side) for side in (base.left, base.right))
        yield ast.BinOp(right, ast.MatMult(), left)


def _exchanged(side: ast.expr) -> ast.expr:
    return turned(side) if is_turned(side) and isinstance(side, ast.Attribute) else ast.Attribute(side, "mT", ast.Load())


def _summed(inner: ast.expr, name: str, axis: ast.expr) -> Iterator[ast.expr]:
    """`x.sum(0)` for `x.T.sum(1)`, and one sum over two axes for two sums."""
    last = literal(axis)
    if isinstance(inner, ast.Attribute) and inner.attr in ("T", "mT") and last in (0, 1):
        yield method(inner.value, name, 1 - int(last))
    match inner:
        case ast.Call(func=ast.Attribute(value=base, attr=other), args=[first], keywords=[]) if other == name and not _is_module(base):
            before = literal(first)
            if isinstance(before, int) and isinstance(last, int) and before >= 0 and last >= 0:
                both = sorted({before, last if last < before else last + 1})
                yield method(base, name, ast.Tuple([ast.Constant(n) for n in both], ast.Load()))


def _is_module(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("torch", "F")


def _reversed(letters: str) -> str:
    """The letters of a result in the opposite order; a blank before them stays."""
    blank = letters[: len(letters) - len(letters.lstrip())]
    return blank + letters.strip()[::-1]
