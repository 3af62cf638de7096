"""What comes back along several ways, added up as one would write it."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from backprop_check.derivation.trees import dumped, literal, simple, text


def added(terms: Sequence[ast.expr]) -> ast.expr:
    """Add terms up; one that comes several times is written once, with its number; the two branches of a `where` in one `where`."""
    times: dict[str, list[ast.expr]] = {}
    for term in _in_one_where(terms):
        times.setdefault(text(term), []).append(term)
    counted = [same[0] if len(same) == 1 else simple(ast.BinOp(ast.Constant(len(same)), ast.Mult(), same[0])) for same in times.values()]
    total = counted[0]
    for term in counted[1:]:
        total = simple(ast.BinOp(total, ast.Add(), term))
    return total


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
