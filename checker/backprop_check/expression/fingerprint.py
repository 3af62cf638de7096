"""Tensors as keys: equal up to rounding and leading axes of length 1, equal key."""

from __future__ import annotations

import math
from collections.abc import Hashable
from functools import cache

import torch

DIGITS = 6


def keys(value: torch.Tensor) -> tuple[Hashable, ...]:
    """Return the two keys under which a tensor may stand (a number near a rounding edge has two); none where it is not finite."""
    flat = value.detach().reshape(-1)
    projected = float((flat if flat.dtype == torch.float64 else flat.to(torch.float64)) @ _weights(flat.numel()))
    if not math.isfinite(projected):
        return ()
    shape = tuple(value.shape)
    while shape and shape[0] == 1:
        shape = shape[1:]
    if projected == 0.0:
        return ((shape, 0, 0),)
    exponent = math.floor(math.log10(abs(projected)))
    scaled = projected / 10.0 ** (exponent - DIGITS)
    return (shape, exponent, math.floor(scaled)), (shape, exponent, math.ceil(scaled))


@cache
def _weights(count: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(count)
    return torch.rand(count, generator=generator, dtype=torch.float64) + 0.5
