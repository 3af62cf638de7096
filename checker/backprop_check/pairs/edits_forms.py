"""The form of an operation: its axes, what is turned, which function it is, and the numbers in it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from backprop_check.diagnosis.phrases import short
from backprop_check.pairs.edit import AXES, Edit, Known, parts

_CALLS = (
    ("sum", "mean"),
    ("tanh", "sigmoid"),
    ("sin", "cos"),
    ("maximum", "minimum"),
    ("max", "min"),
    ("zeros_like", "ones_like"),
    ("scatter", "scatter_add"),
    ("index_copy", "index_add"),
    ("index_copy_", "index_add_"),
)
_COMPARED: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Gt: ast.Lt, ast.Lt: ast.Gt, ast.GtE: ast.LtE, ast.LtE: ast.GtE, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq
}  # fmt: skip

_ALONG = frozenset({
    "sum", "mean", "max", "min", "amax", "amin", "softmax", "log_softmax", "cumsum", "flip", "transpose", "swapaxes", "permute", "squeeze",
    "unsqueeze", "cat", "concatenate", "stack",
})  # fmt: skip
"""What is given axes by place."""

_OVER: Sequence[int | tuple[int, ...]] = (-1, 0, 1, *combinations(range(6), 2))


def reductions(statement: ast.stmt, known: Known) -> Iterator[Edit]:
    """The axis of a sum that is taken over all, and axes that are kept or not."""
    for part in parts(statement):
        match part:
            case ast.Call(func=ast.Attribute(value=owner, attr="sum" | "mean" | "max" | "amax" as name), args=args, keywords=keywords):
                numpys = any(k.arg in ("axis", "keepdims") for k in keywords)
                numpy = (isinstance(owner, ast.Name) and owner.id in ("np", "numpy")) or numpys
                given = len(args) > (1 if isinstance(owner, ast.Name) and owner.id in ("np", "numpy", "torch") else 0)
                along = given or any(k.arg in AXES for k in keywords)
                kept = [k for k in keywords if k.arg in ("keepdim", "keepdims")]
                if kept:
                    rest = [k for k in keywords if k not in kept]
                    yield Edit(
                        part, ast.Call(part.func, args, rest), "an axis of length 1 is kept that does not belong here", "Go by the shapes."
                    )
                    continue
                for words in (("axis", "keepdims"), ("dim", "keepdim")) if not numpy else (("axis", "keepdims"),):
                    keep = ast.keyword(words[1], ast.Constant(True))
                    if along:
                        yield Edit(
                            part,
                            ast.Call(part.func, args, [*keywords, keep]),
                            f"this `{name}` loses its axis",
                            f"`{words[1]}=True` keeps it.",
                        )
                    else:
                        for axis in _OVER:
                            over = ast.keyword(words[0], ast.parse(repr(axis), mode="eval").body)
                            for more in ([over, keep], [over]):
                                told = f"this `{name}` runs over all axes"
                                yield Edit(
                                    part, ast.Call(part.func, args, [*keywords, *more]), told, "Ask over which axis the forward sums."
                                )


def turned(statement: ast.stmt, known: Known) -> Iterator[Edit]:
    for part in parts(statement):
        match part:
            case ast.Attribute(value=ast.expr() as inner, attr="T" | "mT"):
                yield Edit(part, inner, f"`{short(inner)}` should not be turned here", "Go by the axes that are summed over.")
            case ast.Call(func=ast.Attribute(value=inner, attr="t" | "transpose" | "permute" | "swapaxes")):
                yield Edit(part, inner, f"`{short(inner)}` should not be turned here", "Go by the axes that are summed over.")
            case ast.BinOp(op=ast.MatMult(), left=left, right=right):
                for each in (left, right):
                    for turn in _turns(each, known):
                        yield Edit(each, turn, f"`{short(each)}` has to be turned here", "Go by the axes that are summed over.")
            case ast.Call(func=ast.Attribute(attr="dot" | "matmul" | "mm" | "bmm" | "solve", value=owner), args=args):
                for each in (owner, *args):
                    for turn in _turns(each, known):
                        yield Edit(each, turn, f"`{short(each)}` has to be turned here", "Go by the axes that are summed over.")


def _turns(part: ast.expr, known: Known) -> Iterator[ast.expr]:
    shape = known.shapes.get(part.id) if isinstance(part, ast.Name) else None
    if shape is None or len(shape) == 2:
        yield ast.Attribute(part, "T", ast.Load())
    if shape is None or len(shape) > 2:
        yield ast.Call(ast.Attribute(part, "swapaxes", ast.Load()), [ast.Constant(-1), ast.Constant(-2)], [])


def axes_order(statement: ast.stmt, _: Known) -> Iterator[Edit]:
    """Two axes of a permutation exchanged; and an index by labels that names a whole axis beside them."""
    for part in parts(statement):
        if (
            isinstance(part, ast.Call)
            and isinstance(part.func, ast.Attribute)
            and part.func.attr in ("transpose", "permute")
            and len(part.args) > 2
        ):
            for one, other in combinations(range(len(part.args)), 2):
                order = [*part.args]
                order[one], order[other] = order[other], order[one]
                told = f"`{part.func.attr}` puts the axes in the wrong order"
                yield Edit(part, ast.Call(part.func, order, part.keywords), told, "Follow one axis through the forward, and back.")
    target = (
        statement.target if isinstance(statement, ast.AugAssign) else statement.targets[0] if isinstance(statement, ast.Assign) else None
    )
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Tuple) and isinstance(target.slice.elts[0], ast.Slice):
        first, *_rest = target.slice.elts
        count = ast.Call(ast.Name("range", ast.Load()), [ast.Call(ast.Name("len", ast.Load()), [target.value], [])], [])
        each = ast.Call(ast.Name("list", ast.Load()), [count], [])
        told = f"`{short(target)}` is every row at each of these places, and not one place in each row"
        yield Edit(first, each, told, "Index the rows too: `[arange(N), y]` is one place in each.")


def axes_in(statement: ast.stmt) -> set[int]:
    """The identities of numbers that name axes, and of those in places of arrays."""
    found: list[ast.expr] = []
    for part in parts(statement):
        match part:
            case ast.Call(func=func, args=args, keywords=keywords):
                found += [k.value for k in keywords if k.arg in AXES]
                if isinstance(func, ast.Attribute) and func.attr in _ALONG:
                    found += args[1:] if isinstance(func.value, ast.Name) and func.value.id in ("np", "numpy", "torch", "F") else args
            case ast.Subscript(slice=place):
                found.append(place)
    return {id(n) for each in found for n in ast.walk(each)}


def called_otherwise(statement: ast.stmt, _: Known) -> Iterator[Edit]:
    for part in parts(statement):
        match part:
            case ast.Call(func=ast.Attribute(value=owner, attr=name) as func, args=args, keywords=keywords):
                for pair in _CALLS:
                    if name in pair:
                        (other,) = set(pair) - {name}
                        error = {"mean": "this averages what should be added up", "sum": "this adds up what should be averaged"}.get(
                            name, f"`{name}` is not the function that belongs here"
                        )
                        yield Edit(part, ast.Call(ast.Attribute(owner, other, func.ctx), args, keywords), error)
                if isinstance(owner, ast.Name) and name in ("sum", "mean") and len(args) == 1 and owner.id in ("np", "torch", "numpy"):
                    yield Edit(part, args[0], f"this `{name}` does not belong here", "Leave it out.")
            case ast.Subscript(value=inner, slice=place) if any(
                isinstance(n, ast.Slice) and isinstance(n.step, ast.UnaryOp) for n in ast.walk(place)
            ):
                yield Edit(
                    part, inner, f"`{short(inner)}` should not be turned round here", "Follow one number through the forward, and back."
                )
            case ast.Call(func=ast.Name(id="reversed"), args=[over]):
                yield Edit(part, over, "this loop goes the wrong way", "What comes later in the forward comes first on the way back.")
            case ast.Call(func=ast.Name(id="range")):
                back = ast.Call(ast.Name("reversed", ast.Load()), [part], [])
                if isinstance(statement, ast.For):
                    yield Edit(part, back, "this loop goes the wrong way", "What comes later in the forward comes first on the way back.")
            case ast.Compare(left=left, ops=[op], comparators=right) if type(op) in _COMPARED:
                yield Edit(part, ast.Compare(left, [_COMPARED[type(op)]()], right), "this comparison is the wrong way round")


def powers(statement: ast.stmt, known: Known) -> Iterator[Edit]:
    for part in parts(statement):
        if isinstance(part, ast.Name | ast.Subscript | ast.Attribute) and (not isinstance(part, ast.Name) or known.shapes.get(part.id)):
            told = f"`{short(part)}` does not stand to the right power here"
            yield Edit(part, ast.BinOp(part, ast.Pow(), ast.Constant(2)), told, "Ask which exponent the derivative has.")


def numbers(statement: ast.stmt, known: Known) -> Iterator[Edit]:
    along = axes_in(statement)
    for part in parts(statement):
        match part:
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as value)) if id(part) in along:
                told = f"axis {-value} is not the one that belongs here"
                yield from (Edit(part, ast.Constant(n), told) for n in (-1, -2, -3, 0, 1, 2) if n != -value)
            case ast.Constant(value=bool()):
                yield Edit(part, ast.Constant(not part.value), f"`{short(part)}` is the other way round here")
            case ast.Constant(value=int() as value):
                near = [n for n in ((-2, -1, 0, 1, 2, 3) if id(part) in along else (value - 1, value + 1, 2, 3)) if n != value]
                said = (
                    f"axis {value} is not the one that belongs here"
                    if id(part) in along
                    else f"`{value}` is not the number that belongs here"
                )
                yield from (Edit(part, ast.Constant(n), said) for n in dict.fromkeys(near))
    for part in parts(statement):
        if (
            isinstance(part, ast.Constant)
            and isinstance(part.value, int | float)
            and not isinstance(part.value, bool)
            and id(part) not in along
        ):
            for number in known.numbers:
                if number != part.value:
                    told = f"`{short(part)}` is not the number that belongs here: the forward has {number:g}"
                    yield Edit(part, ast.Constant(number), told, "Look where the forward uses it.")
