"""A change of one thing in a backward's source, what it may put in, and where it may stand."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Edit:
    """Put `new` in the place of `old`; where that is right, `error` is what was wrong at `old`, `help` the move.

    Of those that are `alike` several may be right.
    """

    old: ast.AST
    new: ast.AST
    error: str
    help: str = ""
    alike: bool = False


@dataclass(frozen=True)
class Known:
    """What can be put in: by name the shapes of arrays (None: a number), which names come in nowhere, or are `asked` for their shape
    alone, the sizes of axes, and constants with what they are called.

    `places` are some at which arrays are read, `slices` all at which they are read or written. `numbers` are those of the forward's own
    lines, `modules` what torch or NumPy is called.
    `moved` are the names that hang on the gradients from above, None where nothing is known of that. A backward is linear in those: such
    a name is multiplied by others only, and added to such.
    """

    shapes: Mapping[str, tuple[int, ...] | None]
    unused: Sequence[str] = ()
    asked: Sequence[str] = ()
    sizes: Sequence[ast.expr] = ()
    constants: Sequence[tuple[ast.expr, str]] = ()
    moved: frozenset[str] | None = None

    places: Sequence[ast.Subscript] = ()
    slices: Sequence[ast.Subscript] = ()
    numbers: Sequence[float] = ()
    modules: Sequence[str] = ()

    def at(self, name: str) -> Iterator[ast.expr]:
        """A name's values at the places at which others are read."""
        for each in self.places:
            base = each.value
            shape, other = self.shapes.get(name), self.shapes.get(base.id) if isinstance(base, ast.Name) else None
            if shape is not None and other is not None and len(shape) == len(other):
                yield ast.Subscript(ast.Name(name, ast.Load()), each.slice, ast.Load())

    def moves(self, node: ast.AST) -> bool | None:
        if self.moved is None:
            return None
        return any(isinstance(n, ast.Name) and n.id in self.moved for n in ast.walk(node))

    def fit(self, part: ast.AST, op: ast.operator, value: ast.AST) -> bool:
        """Whether `part op value` may stand in a linear function."""
        one, other = self.moves(part), self.moves(value)
        if one is None or other is None:
            return True
        return not other if isinstance(op, ast.Div) else one is other if isinstance(op, ast.Add | ast.Sub) else not (one and other)


Kind = Callable[[ast.stmt, Known], Iterator[Edit]]

AXES = ("axis", "dim", "axes", "dims")
WORDS: Mapping[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@"}
RISES = "Ask which way the loss moves when it rises a little."


def parts(statement: ast.stmt) -> list[ast.expr]:
    """The expressions of a statement that compute, outermost first; what a name is bound to or a loop counts is none."""
    roots: list[ast.expr | None]
    match statement:
        case ast.Assign(value=value, targets=targets):
            roots = [value, *(target.slice for target in targets if isinstance(target, ast.Subscript))]
        case ast.AugAssign(value=value, target=ast.Subscript(slice=places)):
            roots = [value, places]
        case ast.AugAssign(value=value) | ast.AnnAssign(value=value) | ast.Return(value=value) | ast.Expr(value=value):
            roots = [value]
        case ast.For(iter=over):
            roots = [over]
        case _:
            roots = []
    whole = [n for root in roots if root is not None for n in ast.walk(root) if isinstance(n, ast.expr)]
    called = {id(n.func) for n in whole if isinstance(n, ast.Call)}
    return [n for n in whole if id(n) not in called and isinstance(getattr(n, "ctx", ast.Load()), ast.Load)]


def terms(statement: ast.stmt, known: Known) -> Iterator[ast.expr]:
    """The terms of sums, of what is multiplied as a matrix, and of what functions are given: where a factor may be missing."""
    match statement:
        case ast.Assign(value=value) | ast.AugAssign(value=value) | ast.Return(value=ast.expr() as value):
            yield from _within(value, known)


def _within(part: ast.expr, known: Known) -> Iterator[ast.expr]:
    match part:
        case ast.Tuple(elts=inner) | ast.List(elts=inner):
            for each in inner:
                yield from _within(each, known)
        case ast.Dict(values=inner):
            for each in inner:
                yield from _within(each, known)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.MatMult(), right=right):
            yield part
            yield from _within(left, known)
            yield from _within(right, known)
        case ast.BinOp(left=left, op=ast.Mult() | ast.Div(), right=right):
            yield part
            for each in (left, right):
                yield from (inner for inner in _within(each, known) if inner is not each)
        case ast.Call(func=func, args=args):
            yield part
            if isinstance(func, ast.Attribute):
                yield from _within(func.value, known)
            for each in args:
                yield from _within(each, known)
        case ast.Attribute(value=inner):
            yield from _within(inner, known)
        case ast.UnaryOp(operand=operand):
            yield from _within(operand, known)
        case ast.Name() | ast.Subscript() if known.moves(part) is not False or isinstance(part, ast.Subscript) or part.id in known.shapes:
            yield part
