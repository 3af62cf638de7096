"""Slips that learners make in the lines of a practice exercise, beside those that `authoring.mutants` makes of any line."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator

from backprop_check.authoring.mutants import Mutant, mutants
from backprop_check.authoring.slips.names import Names
from backprop_check.expression.rewrites import put

Slip = Callable[[ast.expr, str], Iterator[ast.expr]]


def made(code: str, target: str, expression: str, names: Names, others: Collection[str]) -> list[Mutant]:
    """Return the wrong lines that a mistake makes of a right one."""
    own = [m for m in mutants(target, expression, names, others) if code in m.fair or (code in ALSO and m.fair and m.fair[0] == ALSO[code])]
    tree = ast.parse(f"({expression}\n)", mode="eval").body
    for place in ast.walk(tree):
        for part in SLIPS[code](place, target[1:]) if code in SLIPS and isinstance(place, ast.expr) else ():
            own.append(Mutant(target, code, f"{target} = {ast.unparse(put(tree, place, part))}", (code,)))
    return own


def _unscattered(node: ast.expr, target: str) -> Iterator[ast.expr]:
    """The gradient itself, not brought back to the places it came from."""
    match node:
        case ast.Call(func=ast.Attribute(attr="index_add" | "index_put" | "index_add_" | "index_put_"), args=args):
            yield next(a for a in reversed(args) if not isinstance(a, ast.Constant))


def _unmasked(node: ast.expr, target: str) -> Iterator[ast.expr]:
    match node:
        case ast.Call(func=ast.Attribute(attr="where"), args=args):
            yield from (a for a in args if isinstance(a, ast.Name) and a.id.startswith("d"))
        case ast.Call(func=ast.Attribute(value=inner, attr="masked_fill")):
            yield inner


def _other_mask(node: ast.expr, target: str) -> Iterator[ast.expr]:
    """Another bound than the forward's."""
    if isinstance(node, ast.Compare):
        for op in (ast.Add(), ast.Sub()):
            yield ast.Compare(node.left, node.ops, [ast.BinOp(node.comparators[0], op, ast.Constant(1))])


def _swapped(node: ast.expr, target: str) -> Iterator[ast.expr]:
    match node:
        case ast.Call(func=ast.Attribute(attr="where") as where, args=[condition, one, other]):
            yield ast.Call(where, [condition, other, one], [])


def _summed_first(node: ast.expr, target: str) -> Iterator[ast.expr]:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.BinOp(left=left, op=ast.Mult(), right=right), attr="sum")):
            one, other = (ast.Call(ast.Attribute(part, "sum", ast.Load()), node.args, node.keywords) for part in (left, right))
            yield ast.BinOp(one, ast.Mult(), other)


def _reshaped(node: ast.expr, target: str) -> Iterator[ast.expr]:
    """A reshape for a transpose."""
    match node:
        case ast.Attribute(value=inner, attr="T" | "mT") | ast.Call(func=ast.Attribute(value=inner, attr="transpose" | "permute")):
            shape = ast.Attribute(ast.Name(target, ast.Load()), "shape", ast.Load())
            yield ast.Call(ast.Attribute(inner, "reshape", ast.Load()), [shape], [])


def _without_label(node: ast.expr, target: str) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and "one_hot" in ast.unparse(node.right):
        yield node.left


SLIPS: dict[str, Slip] = {
    "missing-label": _without_label,
    "missing-mask": _unmasked,
    "missing-scatter": _unscattered,
    "scrambled-reshape": _reshaped,
    "sum-before-product": _summed_first,
    "swapped-where": _swapped,
    "wrong-mask": _other_mask,
}
ALSO = {"mask-as-gradient": "missing-upstream", "missing-scatter": "missing-mask"}
"""Where a line that has one of these slips is another mistake's, by what the line is."""
