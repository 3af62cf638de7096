"""Names: what comes in nowhere, stands in another's place, or is missing as a factor or a term."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from backprop_check.diagnosis.phrases import short
from backprop_check.pairs.edit import WORDS, Edit, Known, parts, terms

_DERIVED = "Differentiate this step of the forward by itself, and hold each factor against yours."


def unused(statement: ast.stmt, known: Known) -> Iterator[Edit]:
    yield from _put_in(statement, known, known.unused)


def only_asked(statement: ast.stmt, known: Known) -> Iterator[Edit]:
    """What is read for its shape alone: most such names are read for nothing else in right code either."""
    yield from _put_in(statement, known, known.asked)


def _put_in(statement: ast.stmt, known: Known, names: Sequence[str]) -> Iterator[Edit]:
    for name in names:
        told, move = f"`{name}` comes in nowhere", f"Ask what `{name}` was computed or saved for, and where it belongs in this."
        for there in (ast.Name(name, ast.Load()), *known.at(name)):
            for part in _computed(statement):
                for op in (op for op in (ast.Add(), ast.Sub(), ast.Mult(), ast.Div()) if known.fit(part, op, there)):
                    yield Edit(part, ast.BinOp(part, op, there), told, move)
            for part in parts(statement):
                if isinstance(part, ast.Name | ast.Constant | ast.Subscript):
                    yield Edit(part, there, f"{told}: `{short(part)}` stands where it may belong", move)


def _computed(statement: ast.stmt) -> Iterator[ast.expr]:
    """Those parts that are arrays, as far as their form tells."""
    for part in parts(statement):
        if isinstance(part, ast.BinOp | ast.Call | ast.Name | ast.Subscript | ast.UnaryOp | ast.Attribute):
            yield part


def too_much(statement: ast.stmt, _: Known) -> Iterator[Edit]:
    for part in parts(statement):
        match part:
            case ast.BinOp(left=left, op=ast.Mult() | ast.Div() | ast.Add() | ast.Sub() as op, right=right):
                much = isinstance(op, ast.Mult)
                told = f"`{short(right)}` is a factor too many" if much else f"`{WORDS[type(op)]} {short(right)}` does not belong here"
                yield Edit(part, left, told, "Leave it out.")
                if not isinstance(op, ast.Div | ast.Sub):
                    told = f"`{short(left)}` is a factor too many" if much else f"`{short(left)} {WORDS[type(op)]}` does not belong here"
                    yield Edit(part, right, told, "Leave it out.")


def slopes(statement: ast.stmt, known: Known) -> Iterator[Edit]:
    """The derivative of sigmoid for that of tanh, by what came out, and the other way round; a value or ones for a mask or what arrives."""
    for part in parts(statement):
        match part:
            case ast.BinOp(
                left=left, op=ast.Mult(), right=ast.BinOp(left=ast.Constant(value=1), op=ast.Sub(), right=ast.Name(id=name) as y)
            ):
                square = ast.BinOp(ast.Constant(1), ast.Sub(), ast.BinOp(y, ast.Pow(), ast.Constant(2)))
                told = f"`{name} * (1 - {name})` is the derivative of sigmoid, and that of tanh belongs here"
                if isinstance(left, ast.Name) and left.id == name:
                    yield Edit(part, square, told, _DERIVED)
                if (
                    isinstance(left, ast.BinOp)
                    and isinstance(left.op, ast.Mult)
                    and isinstance(left.right, ast.Name)
                    and left.right.id == name
                ):
                    yield Edit(part, ast.BinOp(left.left, ast.Mult(), square), told, _DERIVED)
            case ast.BinOp(left=ast.Constant(value=1), op=ast.Sub(), right=ast.BinOp(left=ast.Name(id=name) as y, op=ast.Pow())):
                own = ast.BinOp(y, ast.Mult(), ast.BinOp(ast.Constant(1), ast.Sub(), y))
                yield Edit(part, own, f"`{short(part)}` is the derivative of tanh, and that of sigmoid belongs here", _DERIVED)
            case ast.Call(func=ast.Attribute(attr="ones_like"), args=[inner]):
                yield Edit(part, inner, f"ones stand here in the place of `{short(inner)}`", "What arrives is passed on, not 1.")
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                for each, other in ((left, right), (right, left)):
                    if (
                        isinstance(each, ast.Name)
                        and known.shapes.get(each.id)
                        and not known.moves(each)
                        and known.moves(other) is not False
                    ):
                        mask = ast.Compare(each, [ast.Gt()], [ast.Constant(0)])
                        yield Edit(each, mask, f"`{each.id}` itself stands here in the place of where it is positive", _DERIVED)


_INNER = ("exp", "sigmoid", "tanh", "sign", "abs", "cos", "sin")


def functions(statement: ast.stmt, known: Known) -> Iterator[Edit]:
    """A function that is missing around a value."""
    for part in parts(statement):
        if isinstance(part, ast.Name) and known.shapes.get(part.id):
            for module in known.modules:
                for name in _INNER:
                    told = f"`{part.id}` itself stands here in the place of its `{name}`"
                    yield Edit(part, ast.Call(ast.Attribute(ast.Name(module, ast.Load()), name, ast.Load()), [part], []), told, _DERIVED)


def other_names(statement: ast.stmt, known: Known) -> Iterator[Edit]:
    for part in parts(statement):
        if isinstance(part, ast.Name) and part.id in known.shapes:
            for name, shape in known.shapes.items():
                if name != part.id and shape == known.shapes[part.id] and known.moves(part) is known.moves(ast.Name(name)):
                    move = f"Ask which value of the forward belongs in its place: not `{part.id}`."
                    yield Edit(part, ast.Name(name, ast.Load()), f"`{part.id}` stands where another value belongs", move)


def other_sizes(statement: ast.stmt, known: Known) -> Iterator[Edit]:
    for part in parts(statement):
        if isinstance(part, ast.Name) and part.id in known.shapes and known.shapes[part.id] is None:
            for size in known.sizes:
                yield Edit(
                    part,
                    size,
                    f"`{part.id}` is not the number that belongs here",
                    "Ask over how many numbers the forward sums or averages.",
                )


def factors(statement: ast.stmt, known: Known) -> Iterator[Edit]:
    """A factor that is missing: a value of the forward, or the slope of one."""
    for term in terms(statement, known):
        for name, shape in known.shapes.items():
            value = ast.Name(name, ast.Load())
            if shape is not None and known.fit(term, ast.Mult(), value) and ast.dump(term) != ast.dump(value):
                yield Edit(term, ast.BinOp(term, ast.Mult(), value), f"the factor `{name}` is missing", _DERIVED)
        for each in known.places:
            if known.fit(term, ast.Mult(), each):
                yield Edit(term, ast.BinOp(term, ast.Mult(), each), f"the factor `{short(each)}` is missing", _DERIVED)


def complements(statement: ast.stmt, known: Known) -> Iterator[Edit]:
    """A factor `1 - x` that is missing."""
    for term in terms(statement, known):
        for name, shape in known.shapes.items():
            value = ast.BinOp(ast.Constant(1), ast.Sub(), ast.Name(name, ast.Load()))
            if shape is not None and not known.moves(value) and known.fit(term, ast.Mult(), value):
                yield Edit(term, ast.BinOp(term, ast.Mult(), value), f"the factor `1 - {name}` is missing", _DERIVED)


def scales(statement: ast.stmt, known: Known) -> Iterator[Edit]:
    """A constant that is missing."""
    for term in terms(statement, known):
        for value, told in known.constants:
            for op in (ast.Div(), ast.Mult()):
                if known.fit(term, op, value):
                    error = f"the factor {'1/' if isinstance(op, ast.Div) else ''}{told} is missing"
                    yield Edit(
                        term, ast.BinOp(term, op, value), error, f"`{short(value)}` is that. Ask how often the forward uses each number."
                    )


def more_terms(statement: ast.stmt, known: Known) -> Iterator[Edit]:
    for term in terms(statement, known):
        for name, shape in known.shapes.items():
            for op in (ast.Add(), ast.Sub()):
                value = ast.Name(name, ast.Load())
                if shape is not None and known.fit(term, op, value) and ast.dump(term) != ast.dump(value):
                    yield Edit(
                        term, ast.BinOp(term, op, value), f"`{name}` does not come in here", "Each way on which it moves the loss counts."
                    )
