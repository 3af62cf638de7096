"""A parameter's numbers before it was stepped: `p -= lr * g` turned round, where what it was stepped by is still there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from backprop_check.recording.values import Call, Value, value

_ADDS = {"add_": -1, "__iadd__": -1, "sub_": 1, "__isub__": 1}
_PRODUCTS = frozenset({"mul", "__mul__", "__rmul__", "multiply", "neg", "__neg__", "div", "__truediv__", "detach", "clone", "to"})
_STEPS = 8
"""How many steps are turned round."""

_DEEP = 4
"""Of how many products what it was stepped by may be made."""


class _By(NamedTuple):
    """A tensor as it was, and the product that it is. It hangs on no call: a call may hold what the parameter was, and that holds this."""

    bare: Value
    func: Callable[..., Any] | None
    args: tuple[Any, ...]


def note(before: Value, after: Value, call: Call | None) -> None:
    """Keep how a parameter was stepped, where that can be turned round."""
    if call is not None and call.name in _ADDS and len(call.args) == 2:
        alpha = (call.kwargs or {}).get("alpha", 1)
        if isinstance(alpha, int | float):
            before.stepped = after, _ADDS[call.name] * alpha, _kept(call.args[1], _DEEP)


def _kept(given: Any, further: int) -> Any:
    if not isinstance(given, Value):
        return given if isinstance(given, int | float) else None
    tensor, call = given(), given.call
    if tensor is None:
        return None
    product = call is not None and call.name in _PRODUCTS and not call.kwargs and further > 0
    args = tuple(_kept(each, further - 1) for each in call.args) if call is not None and product else ()
    return _By(value(tensor, given.version, None), call.func if call is not None and product else None, args)


def before(there: Value, further: int = _STEPS) -> torch.Tensor | None:
    """The numbers of a value that was stepped since, in float64; None where they cannot be had again."""
    if there.stepped is None or not further:
        return None
    after, factor, by = there.stepped
    live, added = after.tensor, _number(by)
    number = live.detach().cpu().to(torch.float64) if live is not None else before(after, further - 1)
    if number is None or added is None:
        return None
    turned: torch.Tensor = number + factor * added
    return turned


def _number(by: Any) -> Any:
    """A number as it is, a tensor that is there, or a product of such; None for others."""
    if not isinstance(by, _By):
        return by
    live = by.bare.tensor
    if live is not None:
        return live.detach().cpu().to(torch.float64)
    args = [_number(each) for each in by.args]
    return by.func(*args) if by.func is not None and all(each is not None for each in args) else None
