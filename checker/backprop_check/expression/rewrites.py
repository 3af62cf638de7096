"""Small changes of an expression, as new trees that share what they do not change."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from operator import is_
from types import UnionType
from typing import Any

from backprop_check.derivation.trees import kept, lends_shape
from backprop_check.exercise.nodes import children, walk

MODULES = ("torch", "F", "math")
"""What functions are taken from: a name with no value of its own."""

_PARTS = (ast.expr, ast.keyword, ast.operator, ast.cmpop)


def calls(expression: ast.AST, *names: str) -> Iterator[ast.Call]:
    """Calls of a function or method of one of these names within an expression, outermost first."""
    for node in walk(expression):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names:
            yield node


@kept
def parts(expression: ast.expr) -> tuple[ast.expr, ...]:
    """The sub-expressions that have a value of their own, the whole first; not the names of functions and modules."""
    return (expression, *(part for child in _children(expression) for part in parts(child)))


@kept
def valued_parts(expression: ast.expr) -> tuple[ast.expr, ...]:
    """The parts whose values count; what lends its shape, and all within it, is none. By place: trees share equal parts."""
    if lends_shape(expression):
        return ()
    return (expression, *(part for child in _children(expression) for part in valued_parts(child)))


def _children(expression: ast.expr) -> Iterator[ast.expr]:
    for child in children(expression):
        if isinstance(expression, ast.Attribute) and isinstance(child, ast.Name) and child.id in MODULES:
            continue
        if isinstance(child, ast.keyword):
            yield child.value
        elif isinstance(child, ast.Attribute) and isinstance(expression, ast.Call) and child is expression.func:
            yield from _children(child)
        elif isinstance(child, ast.expr):
            yield child


def operations(expression: ast.expr, kinds: type[ast.operator] | UnionType) -> Iterator[ast.BinOp]:
    """Those of its parts that are an operation of these kinds."""
    return (part for part in parts(expression) if isinstance(part, ast.BinOp) and isinstance(part.op, kinds))


def put(expression: ast.expr, old: ast.AST, new: ast.expr) -> ast.expr:
    """Return `expression` with `old` (by identity) replaced by `new`; what is not on the way to it is shared, not copied."""
    changed: ast.expr = _put(expression, old, new)
    return changed


def put_statement(program: Sequence[ast.stmt], old: ast.AST, new: ast.AST) -> tuple[ast.stmt, ...]:
    """Return the statements with `old`, one of them or a part of one (by identity), replaced by `new`."""
    return tuple(_put(statement, old, new) for statement in program)


def put_all(expression: Any, changes: Mapping[int, ast.AST]) -> Any:
    """Return `expression` with each part whose identity is in `changes` replaced."""
    if id(expression) in changes:
        return changes[id(expression)]
    fields = {}
    for field, value in ast.iter_fields(expression):
        if isinstance(value, _PARTS):
            changed: Any = put_all(value, changes)
        elif isinstance(value, list):
            changed = [put_all(v, changes) if isinstance(v, ast.AST) else v for v in value]
            changed = value if all(map(is_, changed, value)) else changed
        else:
            continue
        if changed is not value:
            fields[field] = changed
    return _with(expression, fields) if fields else expression


def _put(expression: Any, old: ast.AST, new: ast.AST) -> Any:
    places, node, changed = _places(expression), old, new
    while node is not expression:
        above = places.get(id(node), ())
        if len(above) != 1:  # nowhere, or in several places
            return put_all(expression, {id(old): new}) if above else expression
        ((node, field, at),) = above
        value: Any = changed
        if at is not None:
            value = [*getattr(node, field)]
            value[at] = changed
        changed = _with(node, {field: value})
    return changed


@kept
def _places(expression: ast.AST) -> dict[int, list[tuple[ast.AST, str, int | None]]]:
    """For each part, by identity, what it stands in, in which field, and where in a list."""
    found: dict[int, list[tuple[ast.AST, str, int | None]]] = {}
    waiting: list[ast.AST] = [expression]
    while waiting:
        node = waiting.pop()
        for field, value in ast.iter_fields(node):
            inner = [(None, value)] if isinstance(value, _PARTS) else enumerate(value) if isinstance(value, list) else ()
            for at, part in inner:
                if isinstance(part, ast.AST):
                    if id(part) not in found:
                        waiting.append(part)
                    found.setdefault(id(part), []).append((node, field, at))
    return found


def _with(node: ast.AST, fields: Mapping[str, Any]) -> ast.AST:
    return ast.copy_location(type(node)(**{**dict(ast.iter_fields(node)), **fields}), node)


def same_place(old: ast.AST, new: ast.AST, part: ast.AST) -> ast.expr | None:
    """What stands in `new` where `part` stands in `old`; None where the two have another form on the way there."""
    if old is part:
        return new if isinstance(new, ast.expr) else None
    inner = zip(children(old), children(new), strict=False) if type(old) is type(new) else ()
    return next((found for a, b in inner if (found := same_place(a, b, part)) is not None), None)


def led(node: ast.expr) -> ast.expr:
    """`-a * b` for `a * b`, and `(y - x) * b` for `(x - y) * b`: the sign turned at the first factor."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div | ast.MatMult):
        return ast.copy_location(ast.BinOp(led(node.left), node.op, node.right), node)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
        return ast.copy_location(ast.BinOp(node.right, node.op, node.left), node)
    return negated(node)


def with_keyword(expression: ast.expr, call: ast.Call, name: str, value: bool) -> ast.expr:
    keywords = [k for k in call.keywords if k.arg != name] + [ast.keyword(name, ast.Constant(value))]
    return put(expression, call, ast.copy_location(ast.Call(call.func, call.args, keywords), call))


def without_keyword(expression: ast.expr, call: ast.Call, name: str) -> ast.expr:
    keywords = [k for k in call.keywords if k.arg not in (name, name + "s")]
    return put(expression, call, ast.copy_location(ast.Call(call.func, call.args, keywords), call))


def method(base: ast.expr, name: str, *arguments: ast.expr | int) -> ast.Call:
    given = [a if isinstance(a, ast.expr) else ast.Constant(a) for a in arguments]
    return ast.Call(ast.Attribute(base, name, ast.Load()), given, [])


def summed(base: ast.expr, dims: tuple[int, ...], keep: bool) -> ast.expr:
    """`base.sum(1, keepdim=True)`; without any axis to sum, `base` itself."""
    if not dims:
        return base
    axis: ast.expr = ast.Constant(dims[0]) if len(dims) == 1 else ast.Tuple([ast.Constant(d) for d in dims], ast.Load())
    return ast.Call(ast.Attribute(base, "sum", ast.Load()), [axis], [ast.keyword("keepdim", ast.Constant(True))] if keep else [])


def sums(base: ast.expr, rank: int) -> Iterator[ast.expr]:
    """Yield the sum of all of `base`, which has `rank` axes, and those along one of them, which goes or is kept."""
    yield method(base, "sum")
    yield from (summed(base, (axis,), keep) for axis in range(rank) for keep in (False, True))


def is_turned(node: ast.expr) -> bool:
    """Whether the last thing done is a transposition."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in ("transpose", "t", "swapaxes", "permute")
    return isinstance(node, ast.Attribute) and node.attr in ("T", "mT")


def turned(node: ast.expr) -> ast.expr:
    """`node.T`, or what stands before its `.T`."""
    if isinstance(node, ast.Attribute) and node.attr in ("T", "mT"):
        return node.value
    return ast.Attribute(node, "T", ast.Load())


def swapped_product(node: ast.expr) -> ast.expr | None:
    """`B.T @ A.T` for `A @ B`."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        return ast.BinOp(turned(node.right), ast.MatMult(), turned(node.left))
    return None


def products(a: ast.expr, b: ast.expr) -> Iterator[ast.BinOp]:
    """The matrix products of `a` and `b`, in either order, each factor as it is or turned."""
    for first, second in ((a, b), (b, a)):
        for left in (first, turned(first)):
            for right in (second, turned(second)):
                yield ast.BinOp(left, ast.MatMult(), right)


def negated(node: ast.expr) -> ast.expr:
    """`-node`, or what stands after its minus."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return node.operand
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div | ast.MatMult):
        left = negated(node.left)
        if left is not node.left and not isinstance(left, ast.UnaryOp):
            return ast.BinOp(left, node.op, node.right)
    return ast.UnaryOp(ast.USub(), node)


def axes_written(call: ast.Call) -> list[ast.expr]:
    """Where a call may say its axis."""
    return [*call.args, *(k.value for k in call.keywords if k.arg in ("dim", "axis"))]


def literal_axes(call: ast.Call | None) -> tuple[int, ...] | None:
    """The axes that a call says."""
    for written in axes_written(call) if call is not None else ():
        try:
            said = ast.literal_eval(written)
        except ValueError:
            continue
        if type(said) is int:
            return (said,)
        if isinstance(said, tuple) and said and all(type(n) is int for n in said):
            return said
    return None
