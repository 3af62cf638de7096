"""A write into places as an expression that makes a new tensor of the old one: `h.select_scatter(row, 0, t)`, `torch.stack([...])`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch

from backprop_check.recording.expressions import Name, literal
from backprop_check.recording.values import Call, Value

MOST = 64
"""How many values are put side by side in one expression."""

_WHOLE = slice(None, None, None)


def forms(call: Call, numbers: Mapping[Value, Any], name: Name) -> Iterator[ast.expr]:
    """Yield expressions that may stand for what `value[index] = new` leaves; which of them does, its value tells."""
    base, index, new = call.args
    there = numbers.get(base) if isinstance(base, Value) else None
    if not isinstance(there, torch.Tensor):
        return
    yield from _side_by_side(call, there, numbers, name)
    every = index if isinstance(index, tuple) else (index,)
    masks = [each for each in every if isinstance(each, Value) and _number(each, numbers).dtype == torch.bool]
    if len(every) == 1 and masks:
        mask = name(masks[0])
        if not isinstance(new, Value) or not _number(new, numbers).dim():
            yield _method(name(base), "masked_fill", mask, literal(new, name))
        if isinstance(new, Value):
            yield _method(name(base), "index_put", ast.Tuple([mask], ast.Load()), name(new))
        return
    along = _by_axis(every, there.dim())
    if along is None:
        return
    if any(isinstance(each, Value | list | range) for each in along):
        lead = [each for each in along if each != _WHOLE]
        if along[: len(lead)] == lead and not any(isinstance(each, slice) for each in lead):
            places = [_place(each, name) for each in lead]
            value = name(new) if isinstance(new, Value) else _called("tensor", literal(float(new), name))
            yield _method(name(base), "index_put", ast.Tuple(places, ast.Load()), value)
        return
    if all(isinstance(each, int | slice) for each in along):
        yield _within(name(base), along, there, new, numbers, name)


def _side_by_side(call: Call, there: torch.Tensor, numbers: Mapping[Value, Any], name: Name) -> Iterator[ast.expr]:
    """Where each place along an axis was written once, and nothing was there before: the values next to each other."""
    found: dict[int, Value] = {}
    axis: int | None = None
    at: Call | None = call
    while at is not None and at.name == "__setitem__" and len(found) <= MOST:
        base, index, new = at.args
        along = _by_axis(index if isinstance(index, tuple) else (index,), there.dim())
        if along is None or not isinstance(base, Value) or not isinstance(new, Value):
            return
        ints = [k for k, each in enumerate(along) if each != _WHOLE]
        if len(ints) != 1 or isinstance(along[ints[0]], bool) or not isinstance(along[ints[0]], int) or axis not in (None, ints[0]):
            return
        axis = ints[0]
        place = along[axis] % there.shape[axis]
        if place in found or _number(new, numbers).shape != there.select(axis, 0).shape:
            return
        found[place] = new
        if len(found) == there.shape[axis]:
            rows = ast.List([name(found[k]) for k in sorted(found)], ast.Load())
            yield _called("stack", rows, *([ast.Constant(axis)] if axis else []))
            return
        at = base.call


def _by_axis(every: Sequence[Any], rank: int) -> list[Any] | None:
    """What an index has for each axis; None where it makes new ones, or ends in the middle of something else."""
    if any(each is None or isinstance(each, bool) for each in every) or sum(each is ... for each in every) > 1:
        return None
    spare = rank - sum(each is not ... for each in every)
    found: list[Any] = []
    for each in every:
        found += [_WHOLE] * spare if each is ... else [each]
    return [*found, *[_WHOLE] * (rank - len(found))] if spare >= 0 else None


def _within(x: ast.expr, along: Sequence[Any], there: torch.Tensor, new: Any, numbers: Mapping[Value, Any], name: Name) -> ast.expr:
    """Write into the first axis that is not whole, and within what stands there into the next."""
    axis = next((k for k, each in enumerate(along) if each != _WHOLE), None)
    if axis is None:
        return _fitted(new, there, x, numbers, name)
    each, rest = along[axis], [*along[:axis], *along[axis + 1 :]]
    if isinstance(each, int):
        inner = _within(_method(x, "select", ast.Constant(axis), ast.Constant(each)), rest, there.select(axis, each), new, numbers, name)
        return _method(x, "select_scatter", inner, ast.Constant(axis), ast.Constant(each))
    picked = there[(*[_WHOLE] * axis, each)]
    only = ast.Slice(*(None if n is None else ast.Constant(n) for n in (each.start, each.stop, each.step)))
    index = ast.Tuple([*[ast.Slice()] * axis, only], ast.Load()) if axis else only
    inner = _within(ast.Subscript(x, index, ast.Load()), [*along[:axis], _WHOLE, *along[axis + 1 :]], picked, new, numbers, name)
    ends = [ast.Constant(n) for n in (each.start, each.stop, each.step)]
    while ends and ends[-1].value is None:
        ends.pop()
    return _method(x, "slice_scatter", inner, ast.Constant(axis), *ends)


def _fitted(new: Any, there: torch.Tensor, x: ast.expr, numbers: Mapping[Value, Any], name: Name) -> ast.expr:
    """What is written, in the shape of the places."""
    if not isinstance(new, Value):
        return _called("full_like", x, literal(float(new), name))
    if _number(new, numbers).shape == there.shape:
        return name(new)
    return _method(name(new), "expand", *(ast.Constant(n) for n in there.shape))


def _place(each: Any, name: Name) -> ast.expr:
    return name(each) if isinstance(each, Value) else _called("tensor", literal([*each] if isinstance(each, list | range) else each, name))


def _number(value: Value, numbers: Mapping[Value, Any]) -> torch.Tensor:
    there = numbers[value]
    return there if isinstance(there, torch.Tensor) else torch.tensor(there)


def _method(owner: ast.expr, method: str, *args: ast.expr) -> ast.expr:
    return ast.Call(ast.Attribute(owner, method, ast.Load()), [*args], [])


def _called(function: str, *args: ast.expr) -> ast.expr:
    return ast.Call(ast.Attribute(ast.Name("torch", ast.Load()), function, ast.Load()), [*args], [])
