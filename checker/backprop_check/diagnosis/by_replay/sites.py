"""Operations of the forward that a node reaches."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from backprop_check.diagnosis.by_edit.edits import parts
from backprop_check.diagnosis.by_replay.replay import downstream
from backprop_check.diagnosis.case import Case
from backprop_check.records import Line


@dataclass(frozen=True)
class Site:
    """One operation within a line of the forward, and an operand through which the node reaches it."""

    line: Line
    tree: ast.expr
    part: ast.expr
    operand: ast.expr


def below(case: Case) -> list[tuple[Line, ast.expr]]:
    """The lines of the forward that the node reaches, with their trees."""
    lines = downstream(case, frozenset({case.graph.exercise.output}))
    return [(line, ast.parse(line.source.strip(), mode="eval").body) for line in lines]


def sites(case: Case, deep: bool = False) -> Iterator[Site]:
    """Every operation the node reaches, with each operand through which it does, line by line, the outermost operation first.

    With `deep`, names deeper inside the operation count as its operands too.
    """
    reached = {case.node}
    for line, tree in below(case):
        for part in parts(tree):
            for operand in (*_operands(part), *(_deeper(part) if deep else ())):
                if names(operand) & reached:
                    yield Site(line, tree, part, operand)
        reached.add(line.name)


def _deeper(part: ast.expr) -> list[ast.Name]:
    own = list(_operands(part))
    return [p for p in parts(part) if isinstance(p, ast.Name) and p is not part and p not in own]


def names(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def _operands(part: ast.expr) -> Iterable[ast.expr]:
    match part:
        case ast.BinOp(left=left, right=right):
            return (left, right)
        case ast.UnaryOp(operand=operand):
            return (operand,)
        case ast.Call(func=ast.Attribute(value=ast.Name(id="torch" | "F")), args=args):
            return args
        case ast.Call(func=ast.Attribute(value=base), args=args):
            return (base, *args)
    return ()
