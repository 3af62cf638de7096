"""A parameter's numbers before it was stepped: `p -= lr * g` turned round, where what it was stepped by is still there."""

from __future__ import annotations

from typing import Any

import torch

from backprop_check.recording.values import Call, Value

_ADDS = {"add_": -1, "__iadd__": -1, "sub_": 1, "__isub__": 1}
_PRODUCTS = frozenset({"mul", "__mul__", "__rmul__", "multiply", "neg", "__neg__", "div", "__truediv__", "detach", "clone", "to"})
_STEPS = 8
"""How many steps are turned round."""


def is_step(call: Call) -> bool:
    """Whether a write can be turned round."""
    return call.name in _ADDS and len(call.args) == 2


def before(value: Value, further: int = _STEPS) -> torch.Tensor | None:
    """The numbers of a value that was stepped since, in float64; None where they cannot be had again."""
    if value.stepped is None or not further:
        return None
    after, call = value.stepped
    number, by = _number(after, further), _number(call.args[1], further)
    if not isinstance(number, torch.Tensor) or by is None:
        return None
    turned: torch.Tensor = number + _ADDS[call.name] * (call.kwargs or {}).get("alpha", 1) * by
    return turned


def _number(given: Any, further: int) -> Any:
    """A number as it is, a tensor that is there, or a product of such; None for others."""
    if not isinstance(given, Value):
        return given if isinstance(given, int | float) else None
    live = given.tensor
    if live is not None:
        return live.detach().cpu().to(torch.float64)
    call = given.call
    if call is None:
        return before(given, further - 1)
    if call.name not in _PRODUCTS or call.kwargs:
        return None
    args = [_number(each, further - 1) for each in call.args] if further else [None]
    return None if any(each is None for each in args) else call.func(*args)
