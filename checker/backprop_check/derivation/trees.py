"""Templates filled in with expressions, and expressions made simple to read."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from functools import cache, wraps
from typing import Any, TypeVar

from backprop_check.exercise.nodes import children

Macro = Callable[..., ast.expr]
Found = TypeVar("Found")
Node = TypeVar("Node", bound=ast.AST)

_WRITTEN: dict[str, str] = {}
HUGE = 1e200
"""So large a number is not computed with: one that a mask fills in, or the text of none that a float can hold."""
MOST_WRITTEN = 2000
"""Equal trees are written again and again in a search: so many of their texts are remembered."""


class _Kept(dict[Any, Any]):
    """What was found out about a tree. A copy of the tree, which may be changed, begins anew."""

    def __deepcopy__(self, memo: object) -> _Kept:
        return _Kept()


def kept(function: Callable[[Node], Found]) -> Callable[[Node], Found]:
    """Keep with a tree what `function` finds of it: no tree is ever changed, and trees share what is the same in them."""

    @wraps(function)
    def found(node: Node) -> Found:
        known = node.__dict__.get("kept")
        if known is None:
            known = node.__dict__["kept"] = _Kept()
        if function not in known:
            known[function] = function(node)
        result: Found = known[function]
        return result

    return found


@kept
def dumped(node: ast.AST) -> str:
    """The tree as text: the same for equal trees, and within the text of what it stands in."""
    return f"{type(node).__name__}({', '.join(_dumped(getattr(node, field, None)) for field in node._fields)})"


def _dumped(value: object) -> str:
    if isinstance(value, ast.AST):
        return dumped(value)
    return f"[{', '.join(map(_dumped, value))}]" if isinstance(value, list) else repr(value)


@kept
def identifiers(node: ast.AST) -> frozenset[str]:
    """The names in a tree."""
    own = frozenset({node.id}) if isinstance(node, ast.Name) else frozenset()
    return own.union(*map(identifiers, children(node)))


def lends_shape(part: ast.AST) -> bool:
    """Whether all that is read of what stands within it is a shape, or a kind: `torch.ones_like(x)`, `x.shape[0]`, `len(x)`."""
    if isinstance(part, ast.Call) and isinstance(part.func, ast.Name):
        return part.func.id == "len"
    if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute):
        return part.func.attr.endswith(("_like", "numel", "size", "dim"))
    return isinstance(part, ast.Attribute) and part.attr in ("shape", "dtype", "ndim", "device")


@cache
def lenders(source: str) -> frozenset[str]:
    """The names in a line of the forward that lend it their shape alone: nothing comes back to them from there."""
    tree = parsed(source.strip())
    lent = {id(n) for part in ast.walk(tree) if lends_shape(part) for n in ast.walk(part)}
    return identifiers(tree) - {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in lent}


@cache
def parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def fill(template: str, names: Mapping[str, ast.expr], macros: Mapping[str, Macro] | None = None) -> ast.expr:
    """Put expressions in the places of a template's names; a call of a macro becomes what the macro makes of its arguments."""
    return simple(_fill(parsed(template), names, macros or {}))


def put(node: ast.expr, names: Mapping[str, ast.expr]) -> ast.expr:
    """The same in a tree that is no template; nothing else in it is changed."""
    return _fill(node, names, {})


def _fill(node: ast.expr, names: Mapping[str, ast.expr], macros: Mapping[str, Macro]) -> ast.expr:
    if isinstance(node, ast.Name):
        return names.get(node.id, node)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in macros:
        return macros[node.func.id](*(_fill(a, names, macros) for a in node.args))
    fields = {}
    for field, value in ast.iter_fields(node):
        if isinstance(value, ast.expr):
            value = _fill(value, names, macros)
        elif isinstance(value, list):
            value = [_fill_item(v, names, macros) for v in value]
        fields[field] = value
    return type(node)(**fields)


def _fill_item(item: object, names: Mapping[str, ast.expr], macros: Mapping[str, Macro]) -> object:
    if isinstance(item, ast.keyword):
        return ast.keyword(item.arg, _fill(item.value, names, macros))
    return _fill(item, names, macros) if isinstance(item, ast.expr) else item


@kept
def text(node: ast.expr) -> str:
    """Write an expression as a learner would: no blanks around `**`, and brackets where `@` meets `*`."""
    tree = dumped(node)
    if tree not in _WRITTEN:
        if len(_WRITTEN) >= MOST_WRITTEN:
            _WRITTEN.clear()
        written = ast.unparse(_bracketed(node))
        _WRITTEN[tree] = re.sub(r"(\d)e-0(\d)", r"\1e-\2", re.sub(r" \*\* (\((-[\d.]+)\))?", r"**\2", written))
    return _WRITTEN[tree]


def _bracketed(node: Node) -> Node:
    """Python needs no bracket in `(a @ b) * c` and `(a * b) @ c`; a reader does."""
    if not _multiplies_matrices(node):
        return node
    fields = {}
    for field, value in ast.iter_fields(node):
        if isinstance(value, list):
            value = [_bracketed(v) if isinstance(v, ast.AST) else v for v in value]
        elif isinstance(value, ast.AST):
            value = ast.Name(f"({text(node.left)})", ast.Load()) if field == "left" and _meets(node) else _bracketed(value)  # type: ignore[attr-defined]
        fields[field] = value
    return type(node)(**fields)


def _meets(node: ast.AST) -> bool:
    match node:
        case ast.BinOp(left=ast.BinOp(op=ast.MatMult()), op=ast.Mult()):
            return True
        case ast.BinOp(left=ast.BinOp(op=ast.Mult() | ast.Div()), op=ast.MatMult()):
            return True
    return False


@kept
def _multiplies_matrices(node: ast.AST) -> bool:
    own = isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult)
    return own or any(map(_multiplies_matrices, children(node)))


def number(value: float) -> ast.expr:
    constant = ast.Constant(abs(value))
    return ast.UnaryOp(ast.USub(), constant) if value < 0 else constant


def literal(node: ast.expr) -> float | int | None:
    """The number a constant expression stands for, or None: of `1e999` too."""
    match node:
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=int() | float() as value):
            return value if abs(value) < HUGE else None
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = literal(operand)
            return None if inner is None else -inner
        case _:
            return None


def simple(node: ast.expr) -> ast.expr:
    """Take out what says nothing: factors 1, double minus, sums and powers of literals, an axis that is kept and taken away."""
    match node:
        case ast.BinOp(left=left, op=op, right=right):
            return _binary(simple(left), op, simple(right))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return negative(simple(operand))
        case ast.Call(
            func=ast.Attribute(
                value=ast.Call(func=func, args=[axis], keywords=[ast.keyword("keepdim", ast.Constant(True))]), attr="squeeze"
            ),
            args=[other],
            keywords=[],
        ) if literal(axis) is not None and literal(axis) == literal(other):
            return simple(ast.Call(func, [axis], []))
        case ast.Call(func=ast.Attribute(value=value, attr=attr), args=args, keywords=keywords):
            return ast.Call(ast.Attribute(simple(value), attr, ast.Load()), [simple(a) for a in args], keywords)
    return node


def negative(node: ast.expr) -> ast.expr:
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return operand
        case ast.BinOp(left=left, op=ast.Mult(), right=right) if _is_mask(left) and (b := literal(right)) is not None:
            return ast.BinOp(left, ast.Mult(), number(-b))
        case ast.BinOp(left=left, op=ast.Mult() | ast.Div() | ast.MatMult() as op, right=right):
            return ast.BinOp(negative(left), op, right)
    return _binary(ast.Constant(-1.0), ast.Mult(), node) if _is_mask(node) else ast.UnaryOp(ast.USub(), node)


def _is_mask(node: ast.expr) -> bool:
    return isinstance(node, ast.Compare) or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd))


def _binary(left: ast.expr, op: ast.operator, right: ast.expr) -> ast.expr:
    a, b = literal(left), literal(right)
    match op:
        case ast.Add() | ast.Sub() if a is not None and b is not None:
            return number(a + b if isinstance(op, ast.Add) else a - b)
        case ast.Mult() if a is not None and b is not None:
            return number(a * b)
        case ast.Mult() if (a is not None and _is_mask(right)) or (b is not None and _is_mask(left)):
            # A mask is made of truth values: times a whole number it would be one of whole numbers.
            mask, factor = (right, a) if a is not None else (left, b)
            return ast.BinOp(mask, op, number(float(factor or 0)))
        case ast.Mult() if a in (1, -1) or b in (1, -1):
            other, sign = (right, a) if a in (1, -1) else (left, b)
            return other if sign == 1 else negative(other)
        case ast.Mult() if isinstance(right, ast.UnaryOp) and isinstance(right.op, ast.USub):
            return _binary(negative(left), op, right.operand)
        case ast.Mult() if isinstance(right, ast.BinOp) and isinstance(right.op, ast.Mult | ast.Div):
            # a * (b * c) is read as a * b * c; the value is the same up to rounding.
            return ast.BinOp(_binary(left, ast.Mult(), right.left), right.op, right.right)
        case ast.Div() | ast.Pow() if b == 1:
            return left
        case ast.Div() if isinstance(b, int) and (parted := _parted(left, b)) is not None:
            return parted
        case ast.Add() | ast.Sub() if (positive := _positive(right)) is not None:
            return ast.BinOp(left, ast.Sub() if isinstance(op, ast.Add) else ast.Add(), positive)
    return ast.BinOp(left, op, right)


def _parted(product: ast.expr, by: int) -> ast.expr | None:
    """A product whose number is a multiple of `by`, divided by that; None for any other."""
    match product:
        case ast.BinOp(left=left, op=ast.Mult() as op, right=right) if isinstance(first := literal(left), int):
            return _binary(number(first // by), op, right) if by and first % by == 0 else None
        case ast.BinOp(left=left, op=ast.Mult() | ast.Div() as op, right=right):
            parted = _parted(left, by)
            return None if parted is None else ast.BinOp(parted, op, right)
    return None


def _positive(product: ast.expr) -> ast.expr | None:
    """A product that begins with a minus, without it; None for any other."""
    match product:
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return operand
        case ast.BinOp(left=left, op=ast.Mult() | ast.Div() | ast.MatMult() as op, right=right):
            positive = _positive(left)
            return None if positive is None else ast.BinOp(positive, op, right)
    return None
