"""A gradient held against the slopes of the forward's own numbers, or taken from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from backprop_check.trace.graph import seeded

STEP = 1e-6
"""By how much an input is moved, by its own size: differences of float64 numbers are good to 1e-10 then."""

CLOSE = 1e-5
"""How far a slope may be from what autograd says it is, by the size of its terms."""

Values = Callable[[Sequence[Any]], tuple[torch.Tensor, ...] | None]


def agrees(values: Values, inputs: Sequence[Any], above: Sequence[torch.Tensor], gradients: Mapping[int, torch.Tensor]) -> bool:
    """Whether gradients are the slopes of the forward's own numbers, in random directions; where those have a kink nothing is said."""
    for index, gradient in gradients.items():
        for seed in (1, 2):
            with seeded(seed):
                way = torch.randn(inputs[index].shape, dtype=torch.float64)
            due, size = float((gradient * way).sum()), float((gradient * way).abs().sum())
            step = STEP * max(1.0, _largest(inputs[index]))
            moved = [_weighed(values, inputs, index, way * by, above) for by in (-step, 0.0, step)]
            if any(each is None for each in moved):
                return False
            before, there, after = (each for each in moved if each is not None)
            slope, bend = (after - before) / (2 * step), abs((after - there) - (there - before)) / step
            rounding = 1e-15 * max(abs(after), abs(before), 1.0) / step
            room = CLOSE * max(size, abs(slope)) + 10 * rounding
            if abs(slope - due) > room and bend < 100 * room:
                return False
    return True


def differences(values: Values, inputs: Sequence[Any], index: int, above: Sequence[torch.Tensor]) -> torch.Tensor | None:
    """Return the gradient of one input by central differences in float64."""
    there = inputs[index]
    step = STEP * max(1.0, _largest(there))
    found = torch.zeros(there.numel(), dtype=torch.float64)
    for place in range(there.numel()):
        way = torch.zeros(there.numel(), dtype=torch.float64)
        way[place] = step
        after, before = (_weighed(values, inputs, index, sign * way.reshape(there.shape), above) for sign in (1, -1))
        if after is None or before is None:
            return None
        found[place] = (after - before) / (2 * step)
    return found.reshape(there.shape)


def _weighed(values: Values, inputs: Sequence[Any], index: int, way: torch.Tensor, above: Sequence[torch.Tensor]) -> float | None:
    moved = [each.detach() + way if place == index else each for place, each in enumerate(inputs)]
    found = values([each.detach().clone() if isinstance(each, torch.Tensor) else each for each in moved])
    if found is None or len(found) != len(above):
        return None
    return sum(float((each.detach().to(torch.float64) * given).sum()) for each, given in zip(found, above, strict=True))


def _largest(value: torch.Tensor) -> float:
    return float(value.detach().abs().max()) if value.numel() else 0.0
