"""Central differences, one element at a time: what the notebook's cell 47 meant to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch

from backprop_check.records import Trial
from backprop_check.trace.author import silent
from backprop_check.trace.graph import Graph, one_thread

STEP = 6e-6
"""The step as a part of the element's size: near the cube root of the float64 precision, where rounding and curvature cost the same."""

RISE = 0.01
"""A step that can be worked by hand, to be shown."""

LIMIT = 500
"""The most elements measured; of a larger tensor, those asked for and others spread evenly over it."""


@dataclass(frozen=True)
class Slope:
    """What moving one element by ±h did: the central difference, how far it can be off, and the slope to either side.

    `at` is the element's value, `before` and `after` are the loss there and where the element is `RISE` larger. `kinked` says that the two
    sides do not come together as h shrinks: a maximum changes its winner here, or a relu turns on.
    """

    index: tuple[int, ...]
    central: float
    error: float
    left: float
    right: float
    at: float
    before: float
    after: float
    kinked: bool = False


@dataclass(frozen=True)
class Numeric:
    """The slopes of the elements of one node, in order, and `together`: what moving all elements at once gives."""

    node: str
    slopes: tuple[Slope, ...]
    elements: int
    together: float


@silent()
@one_thread()  # thousands of small operations
def central_differences(graph: Graph, trial: Trial, node: str, first: Sequence[int] = ()) -> Numeric:
    """Measure d(loss)/d(element) for each element of `node` in `trial`, in float64, with steps of h and h/2.

    Of more than `LIMIT` elements a part is measured, with the flat indices `first` among them.

    The loss is the output, weighted by its cotangent when it is a tensor. An intermediate node is moved after its own line has run;
    the rest of the forward follows from the moved value.
    """
    loss, value = _loss(graph, trial, node)
    flat = value.flatten()
    sizes = torch.where(flat.isfinite(), flat.abs(), 0.0)  # what a mask made infinite stays so, however far it is moved
    small = 1e-2 * sizes.square().mean().sqrt().item() or 1.0
    middle = loss(value)

    def moved(i: int, by: float) -> float:
        other = flat.clone()
        other[i] += by
        return loss(other.view_as(value))

    found = [
        _slope(_index(i, value.shape), flat[i].item(), partial(moved, i), middle, STEP * max(sizes[i].item(), small))
        for i in _chosen(len(flat), first)
    ]
    largest = max((abs(s.central) for s in found), default=0.0)
    step = STEP * max(sizes.max().item() if len(flat) else 0.0, small)
    together = (loss(value + step) - loss(value - step)) / (2 * step)
    return Numeric(node, tuple(_told(s, largest) for s in found), len(flat), together)


def _chosen(elements: int, first: Sequence[int]) -> list[int]:
    stride = max(1, -(-elements // LIMIT))
    return sorted({*first, *range(0, elements, stride)})


def _slope(index: tuple[int, ...], at: float, moved: Callable[[float], float], middle: float, h: float) -> Slope:
    (right, left), (nearer_right, nearer_left) = (((moved(s) - middle) / s, (middle - moved(-s)) / s) for s in (h, h / 2))
    coarse, fine = (right + left) / 2, (nearer_right + nearer_left) / 2
    rounding = 4 * torch.finfo(torch.float64).eps * abs(middle) / h
    gap, nearer_gap = abs(right - left), abs(nearer_right - nearer_left)
    # Where the slope is smooth the gap halves with the step; at a kink it stays.
    kinked = nearer_gap > 0.6 * gap and nearer_gap > 100 * rounding
    return Slope(index, fine, abs(fine - coarse) + rounding, nearer_left, nearer_right, at, middle, moved(RISE), kinked)


def _told(slope: Slope, largest: float) -> Slope:
    """Call a gap a kink only if it is large beside the slopes of the whole tensor: rounding makes small ones everywhere."""
    kinked = slope.kinked and abs(slope.right - slope.left) > 1e-3 * largest
    return replace(slope, kinked=kinked)


def _loss(graph: Graph, trial: Trial, node: str) -> tuple[Callable[[torch.Tensor], float], torch.Tensor]:
    """Return the loss as a function of `node`, and the value that node has in `trial`."""
    exercise = graph.exercise
    arguments = {name: _double(trial.values[name]) for name in exercise.inputs}
    cotangent = _double(trial.values.get("d" + exercise.output, 1.0))

    def loss(value: torch.Tensor) -> float:
        moved = {**arguments, node: value} if node in arguments else arguments
        values = graph.forward(moved, lambda line, found, _: value if line.name == node else found)
        return float((values[exercise.output] * cotangent).sum())

    return loss, graph.forward(arguments)[node]


def _double(value: Any) -> Any:
    return value.to(torch.float64) if isinstance(value, torch.Tensor) and value.is_floating_point() else value


def _index(flat: int, shape: Sequence[int]) -> tuple[int, ...]:
    index: list[int] = []
    for size in reversed(shape):
        flat, i = divmod(flat, size)
        index.append(i)
    return tuple(reversed(index))
