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


def reached(case: Case, before: Line) -> set[str]:
    """The node, and the lines before one that it reaches."""
    lines = [line.name for line, _ in below(case)]
    return {case.node, *lines[: lines.index(before.name)]}


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


MOVES = (
    "T", "mT", "t", "flip", "fliplr", "flipud", "roll", "rot90", "permute", "transpose", "swapaxes", "swapdims", "movedim", "moveaxis",
    "view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "contiguous", "clone", "gather", "take_along_dim",
    "index_select", "diagonal", "narrow", "select",
)  # fmt: skip
"""Operations that give numbers other places, and compute none."""


def only_moves(part: ast.expr, operand: ast.expr) -> bool:
    """Whether every operation from the operand to `part` only gives numbers other places: its slope is 1, there is none to write."""
    moved = False
    while ast.dump(part) != ast.dump(operand):
        match part:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="torch"), attr=name), args=[inner, *_]) if name in MOVES:
                part = inner
            case ast.Call(func=ast.Attribute(value=inner, attr=name)) | ast.Attribute(value=inner, attr=name) if name in MOVES:
                part = inner
            case ast.Subscript(value=inner):
                part = inner
            case _:
                return False
        moved = True
    return moved


def brought_back(of: str, to: str) -> str:
    return f"Ask where one number of {of} stands in {to}, and bring what comes back from there to its own place."


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
