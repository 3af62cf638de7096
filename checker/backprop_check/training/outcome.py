"""What two trainings have to do with each other: how far their losses are apart, and from where on."""

from __future__ import annotations

import math
from collections.abc import Sequence

SAME = 1e-9
"""How far apart the losses of two trainings may be that rounding alone tells apart."""

SEEN = 0.01
"""From which difference on two losses are said to part."""

_SMALL = 1e-6
"""Differences count relative to the loss, and to this part of the largest loss where the loss is smaller: near 0 there is only rounding."""


def apart(losses: Sequence[float], others: Sequence[float]) -> list[float]:
    """Return, step by step, how far a loss is from the other, relative to that."""
    floor = _SMALL * max((abs(loss) for loss in others if math.isfinite(loss)), default=0.0)
    steps = [_relative(a, b, floor) for a, b in zip(losses, others, strict=False)]
    return steps if len(losses) == len(others) else [*steps, math.inf]


def parts_at(differences: Sequence[float]) -> int | None:
    """Return the first step at which two losses are visibly apart, None where they never are."""
    return next((step for step, difference in enumerate(differences) if difference > SEEN), None)


def last_part(losses: Sequence[float]) -> int:
    """Return how many steps the loss at the end is the mean of: single batches differ."""
    return max(1, len(losses) // 10)


def final(losses: Sequence[float]) -> float:
    """Return the loss at the end, as the mean of the last tenth of the steps."""
    if not losses or not math.isfinite(losses[-1]):
        return math.nan
    return sum(losses[-last_part(losses) :]) / last_part(losses)


def _relative(a: float, b: float, floor: float) -> float:
    if a == b or (math.isnan(a) and math.isnan(b)):
        return 0.0
    if not (math.isfinite(a) and math.isfinite(b)):
        return math.inf
    scale = max(abs(b), floor)
    return abs(a - b) / scale if scale else math.inf
