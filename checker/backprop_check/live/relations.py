"""What two tensors alone prove: how a wrong gradient's numbers relate to the right one's, where no forward tells more."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from fractions import Fraction

import torch

from backprop_check.exercise.sizes import written
from backprop_check.live.asked import Asked
from backprop_check.records import Answer, Diagnosis

CLOSE = 2e-5
"""How far numbers may be apart that are the same, by the largest: both are float32 as a rule."""

LARGEST = 60
"""The largest divisor that is told as a number."""


def relation(asked: Asked, answer: Answer, due: torch.Tensor) -> Diagnosis | None:
    """Return what holds between the answer and the gradient, where one relation does and the numbers are not too few to say so."""
    if answer.state == "other":
        return _of_kind(answer, asked, due)
    given = answer.value
    if given is None or not given.is_floating_point() or not due.is_floating_point():
        return None
    given, due = given.to(torch.float64), due.to(torch.float64)
    if not bool(torch.isfinite(given).all()) or not bool(torch.isfinite(due).all()) or not due.numel() or not given.numel():
        return None
    if not bool(due.any()):
        return None
    return next(_holding(given, due, asked), None)


def _holding(given: torch.Tensor, due: torch.Tensor, asked: Asked) -> Iterator[Diagnosis]:
    node, shape = f"`{asked.node}`", written(tuple(due.shape))
    if not bool(given.any()):
        yield _told("it is zero everywhere", f"The gradient of {node} is not: nothing was written into it yet, or its factor is 0.")
    if given.shape == due.shape:
        yield from _of_values(given, due)
    else:
        yield from _of_axes(given, due, node, shape)
    yield from _of_places(given, due, shape)


def _of_values(given: torch.Tensor, due: torch.Tensor) -> Iterator[Diagnosis]:
    factor = _factor(given, due)
    if factor is None:
        return
    if factor == -1:
        move = "Look for a minus that is lost or too many."
        yield _told("the opposite sign", "Every number is the gradient's with the sign turned.", move)
    elif factor is not None:
        times = str(factor) if factor.denominator == 1 else f"{factor.numerator}/{factor.denominator}"
        back = 1 / factor
        mend = f"{back.numerator}" if back.denominator == 1 else f"{back.numerator}/{back.denominator}"
        move = f"A factor of {mend} is missing."
        yield _told(f"{times} times the gradient", f"Every number is the gradient's times {times}.", move)


def _factor(given: torch.Tensor, due: torch.Tensor) -> Fraction | None:
    """The plain number that every number of the gradient was multiplied by, None where there is none."""
    if due.numel() < 2 and not (due.numel() and same(given, -due)):
        return None
    ratio = float((given * due).sum() / (due * due).sum())
    if not math.isfinite(ratio) or not ratio or not same(given, ratio * due):
        return None
    exact = Fraction(ratio).limit_denominator(LARGEST * LARGEST)
    if not exact.numerator or exact == 1 or abs(float(exact) - ratio) > CLOSE * abs(ratio):
        return None
    return exact if min(abs(exact.numerator), exact.denominator) <= 4 else None  # n, 1/n, 2/n, 3/4: others are nobody's constant


def _of_axes(given: torch.Tensor, due: torch.Tensor, node: str, shape: str) -> Iterator[Diagnosis]:
    if given.dim() == due.dim() + 1:
        for axis in range(given.dim()):
            if given.shape[axis] == 1 and same(given.squeeze(axis), due):
                yield _told(
                    f"{written(tuple(given.shape))}, but {node[1:-1]} is {shape}",
                    "The numbers are right; the shape has one axis of length 1 too many.",
                    f"Drop it: `.squeeze({axis})`, or sum without `keepdim=True`.",
                )
    if given.dim() == due.dim() - 1:
        for axis in range(due.dim()):
            if due.shape[axis] == 1 and same(given.unsqueeze(axis), due):
                yield _told(
                    f"{written(tuple(given.shape))}, but {node[1:-1]} is {shape}",
                    "The numbers are right; the shape has lost an axis of length 1.",
                    f"Keep it: `keepdim=True` in the sum, or `.unsqueeze({axis})`.",
                )
    for axes in _subsets(given.dim()):
        for keep in (False, True):
            summed = given.sum(axes, keepdim=keep)
            if summed.shape == due.shape and same(summed, due) and any(given.shape[axis] > 1 for axis in axes):
                told = str(axes[0]) if len(axes) == 1 else str(axes)
                kept = ", keepdim=True" if keep else ""
                yield _told(
                    f"{written(tuple(given.shape))}, but {node[1:-1]} is {shape}",
                    f"Summed over {'axis' if len(axes) == 1 else 'the axes'} {told}, its numbers are the gradient's.",
                    f"Sum what the copies send back: `.sum({told}{kept})`.",
                )


def _subsets(rank: int) -> Iterator[tuple[int, ...]]:
    for number in range(1, min(rank, 4) + 1):
        yield from itertools.combinations(range(rank), number)


def _of_places(given: torch.Tensor, due: torch.Tensor, shape: str) -> Iterator[Diagnosis]:
    if given.dim() == due.dim() and 2 <= given.dim() <= 5:
        for order in itertools.permutations(range(given.dim())):
            if order != tuple(range(given.dim())) and same(given.permute(order), due):
                mend = "`.T`" if given.dim() == 2 else f"`.permute{order}`"
                word = "transposed" if given.dim() == 2 else "with its axes in another order"
                yield _told(f"the gradient {word}", f"With {mend} it is the gradient, number for number.", f"Turn it: {mend}.")
                return
            if order != tuple(range(given.dim())) and same(-given.permute(order), due):
                mend = ".T" if given.dim() == 2 else f".permute{order}"
                yield _told("other axes and the opposite sign", f"`-(...){mend}` is the gradient, number for number.")
                return
    if given.numel() == due.numel() and given.numel() > 2 and len(torch.unique(due)) > 2:
        if same(given.reshape(due.shape), due):
            yield _told(f"{written(tuple(given.shape))}, not {shape}", "The numbers are right and in order; only the shape is another.")
        elif same(given.flatten().sort().values, due.flatten().sort().values):
            yield _told("the right numbers in other places", "Sorted, its numbers are the gradient's: they stand in other places.")


def _of_kind(answer: Answer, asked: Asked, due: torch.Tensor) -> Diagnosis:
    kind = answer.kind or ""
    what = f"this is {'an' if kind[:1] in 'aeiou' else 'a'} {kind}, not a tensor {written(tuple(due.shape))}"
    if isinstance(asked.given, int | float) and not isinstance(asked.given, bool):
        if due.dim() == 0 and math.isclose(float(due), asked.given, rel_tol=CLOSE):
            return _told(what, "The number is right.", f"Leave `.item()` out, or wrap it: `torch.tensor({asked.given})`.")
        return _told(what, "", "Leave out what makes a plain number of it, such as `.item()`.")
    return _told(what, "")


def same(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two tensors of one shape hold the same numbers, to rounding."""
    return one.shape == other.shape and float((one - other).abs().max()) <= CLOSE * float(other.abs().max())


def _told(error: str, note: str, move: str = "") -> Diagnosis:
    return Diagnosis("", "located", error, note, move)
