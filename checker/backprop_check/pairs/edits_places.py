"""Places: which step, slice or part of an array is read or written, and what stands where the other belongs."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Sequence
from itertools import combinations

from backprop_check.diagnosis.phrases import short
from backprop_check.pairs.edit import Edit, Known, parts

_FOLLOW = "Follow one number of it through the forward, and back."


def steps(statement: ast.stmt, _: Known) -> Iterator[Edit]:
    """Another step of a loop: `h[t]` for `h[t - 1]`, where it is read or written."""
    written = _targets(statement)
    for part in [*parts(statement), *written]:
        for n in ast.walk(part.slice) if isinstance(part, ast.Subscript) else ():
            told = f"`{short(part)}` is the {'place' if part in written else 'value'} of another step than the one that belongs here"
            match n:
                case ast.BinOp(left=ast.Name(), op=ast.Add() | ast.Sub(), right=ast.Constant(value=1)):
                    yield Edit(n, n.left, told, _FOLLOW)
                case ast.Name():
                    for op in (ast.Sub(), ast.Add()):
                        yield Edit(n, ast.BinOp(n, op, ast.Constant(1)), told, _FOLLOW)


def other_places(statement: ast.stmt, known: Known) -> Iterator[Edit]:
    """Another place of an array, of those at which it or one of its shape is read or written elsewhere."""
    for part in [*parts(statement), *_targets(statement)]:
        if isinstance(part, ast.Subscript) and isinstance(part.value, ast.Name) and known.shapes.get(part.value.id) is not None:
            alike = [each for each in known.slices if known.shapes[each.value.id] == known.shapes[part.value.id]]  # type: ignore[attr-defined]
            others = {ast.dump(each.slice): each.slice for each in alike if ast.dump(each.slice) != ast.dump(part.slice)}
            told = f"`{short(part)}` is not the part of `{part.value.id}` that belongs here"
            yield from (Edit(part.slice, place, told, _FOLLOW) for place in others.values())


def exchanged(statement: ast.stmt, known: Known) -> Iterator[Edit]:
    """Two names of one expression, each in the place of the other."""
    match statement:
        case ast.Assign(value=value) | ast.AugAssign(value=value) | ast.Return(value=ast.expr() as value):
            names = list(dict.fromkeys(n.id for n in ast.walk(value) if isinstance(n, ast.Name) and n.id in known.shapes))
            for one, other in combinations(names, 2):
                alike = known.shapes[one] == known.shapes[other] and known.shapes[one] is not None
                if alike and known.moves(ast.Name(one)) is known.moves(ast.Name(other)):
                    told = f"`{one}` and `{other}` are exchanged"
                    yield Edit(value, _Exchange({one: other, other: one}).visit(copy.deepcopy(value)), told, _FOLLOW)


class _Exchange(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self.names.get(node.id, node.id)
        return node


def _targets(statement: ast.stmt) -> Sequence[ast.expr]:
    match statement:
        case ast.Assign(targets=targets):
            return targets
        case ast.AugAssign(target=target):
            return [target]
    return ()
