"""What comes back along several ways, added up as one would write it."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from backprop_check.derivation.trees import dumped, literal, number, simple, text

LINEAR = ("sum", "mean", "unsqueeze", "squeeze", "reshape", "view", "expand", "transpose", "permute", "flip", "cumsum")
"""Methods that a minus and a number may pass."""
WRITING = {"slice_scatter": 0, "select_scatter": 0, "index_add": 2, "scatter_add": 2, "index_put": 1}
"""Methods that write into zeros, and which argument they write."""


def added(terms: Sequence[ast.expr]) -> ast.expr:
    """Add terms up; one that comes several times is written once, with its number; the two branches of a `where` in one `where`."""
    times: dict[str, list[ast.expr]] = {}
    for term in _in_one_where(terms):
        times.setdefault(text(term), []).append(term)
    counted = [same[0] if len(same) == 1 else simple(ast.BinOp(ast.Constant(len(same)), ast.Mult(), same[0])) for same in times.values()]
    if len(counted) == 1:
        return counted[0]
    first = signed(counted[0])[0]
    ordered = sorted(map(signed, counted), key=lambda term: term[0] and first)  # one with a plus goes first
    total = counted[0] if ordered[0][0] else ordered[0][1]
    for negative, term in ordered[1:]:
        total = ast.BinOp(total, ast.Sub(), term) if negative else simple(ast.BinOp(total, ast.Add(), term))
    return total


def signed(term: ast.expr) -> tuple[bool, ast.expr]:
    """Whether a term is negative, and the term without its minus, wherever that stands: `torch.outer(de, h)` of `torch.outer(-de, h)`."""
    match term:
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return not signed(operand)[0], signed(operand)[1]
        case ast.Constant() if (value := literal(term)) is not None and value < 0:
            return True, number(-value)
        case ast.BinOp(left=left, op=ast.Mult() | ast.Div() | ast.MatMult() as op, right=right):
            (one, bare), (other, factor) = signed(left), signed(right) if not isinstance(op, ast.Div) else (False, right)
            return one != other, simple(ast.BinOp(bare, op, factor)) if one or other else term
        case ast.Subscript(value=value, slice=index):
            negative, bare = signed(value)
            return negative, ast.Subscript(bare, index, ast.Load()) if negative else term
        case ast.Call(func=ast.Attribute(value=ast.Name(id="torch"), attr="outer"), args=[one, *others]):
            negative, bare = signed(one)
            return negative, ast.Call(term.func, [bare, *others], []) if negative else term
        case ast.Call(func=ast.Attribute(value=base, attr=name), args=args, keywords=keywords) if name in LINEAR:
            negative, bare = signed(base)
            return negative, ast.Call(ast.Attribute(bare, name, ast.Load()), args, keywords) if negative else term
        case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Attribute(attr="zeros_like")), attr=name), args=args) if name in WRITING:
            place = WRITING[name]
            negative, bare = signed(args[place])
            return negative, ast.Call(term.func, [*args[:place], bare, *args[place + 1 :]], term.keywords) if negative else term
    return False, term


@dataclass(frozen=True)
class _Branch:
    """What comes back through one branch of a `where`: under its condition if it is the `first`."""

    condition: ast.expr
    first: bool
    received: ast.expr


def _in_one_where(terms: Sequence[ast.expr]) -> list[ast.expr]:
    """`torch.where(m, a, -b)` for `torch.where(m, a, 0) - torch.where(m, 0, b)`."""
    kept: list[ast.expr] = []
    waiting: dict[tuple[str, bool], tuple[int, _Branch]] = {}
    for term in terms:
        branch = _branch(term)
        if branch is not None and (known := waiting.pop((dumped(branch.condition), not branch.first), None)) is not None:
            at, other = known
            both = (branch, other) if branch.first else (other, branch)
            kept[at] = _call("where", [branch.condition, *(one.received for one in both)])
            continue
        if branch is not None:
            waiting[dumped(branch.condition), branch.first] = len(kept), branch
        kept.append(term)
    return kept


def _branch(term: ast.expr) -> _Branch | None:
    """A term that is a `where` with a 0, or one with a sign or a factor."""
    match term:
        case ast.UnaryOp(op=ast.USub() as op, operand=operand):
            inner = _branch(operand)
            return _Branch(inner.condition, inner.first, simple(ast.UnaryOp(op, inner.received))) if inner is not None else None
        case ast.BinOp(left=left, op=ast.Mult() | ast.Div() as op, right=right):
            if (inner := _branch(left)) is not None:
                return _Branch(inner.condition, inner.first, simple(ast.BinOp(inner.received, op, right)))
            if isinstance(op, ast.Mult) and (inner := _branch(right)) is not None:
                return _Branch(inner.condition, inner.first, simple(ast.BinOp(left, op, inner.received)))
        case ast.Call(func=ast.Attribute(value=ast.Name(id="torch"), attr="where"), args=[condition, one, other]):
            # Of two plain numbers torch would make no gradient.
            if literal(other) == 0 and not isinstance(one, ast.Constant):
                return _Branch(condition, True, one)
            if literal(one) == 0 and not isinstance(other, ast.Constant):
                return _Branch(condition, False, other)
    return None


def _call(name: str, arguments: list[ast.expr]) -> ast.expr:
    return ast.Call(ast.Attribute(ast.Name("torch", ast.Load()), name, ast.Load()), arguments, [])
