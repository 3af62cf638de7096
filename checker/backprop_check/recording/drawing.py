"""Draw again what a call drew, from the state that the generator had then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from backprop_check.recording.values import Call, Value
from backprop_check.trace.graph import default_dtype

DROPS = ("dropout", "dropout1d", "dropout2d", "dropout3d", "feature_dropout")


class Lost(Exception):
    """What ran cannot be computed again."""


def keeps(call: Call) -> bool:
    """Whether a call that may draw did not."""
    name, kwargs = call.name, call.kwargs or {}
    if name in DROPS or name == "alpha_dropout":
        return not (kwargs.get("training", True) and kwargs.get("p", call.args[1] if len(call.args) > 1 else 0.5))
    if name == "scaled_dot_product_attention":
        return not kwargs.get("dropout_p", 0.0) and len(call.args) < 5
    return name in ("lstm", "gru", "rnn_tanh", "rnn_relu", "multi_head_attention_forward")  # dropout in them will not come out again


def drawn(value: Value, call: Call, numbers: Mapping[Value, Any]) -> tuple[Any, Value | None]:
    """Draw again, from the generator's state of then: the numbers themselves or, for dropout, its mask and the value that was dropped.

    Raises `Lost`.
    """
    before, state, kwargs = torch.get_rng_state(), call.drawn, dict(call.kwargs or {})
    assert state is not None
    try:
        torch.set_rng_state(state)
        with default_dtype(torch.float32):
            if call.name in DROPS:
                (dropped, *rest) = call.args
                kwargs["inplace"] = False
                return call.func(torch.ones_like(numbers[dropped], dtype=torch.float32), *rest, **kwargs), dropped
            if value.needs_grad or value.written:
                raise Lost
            args = [numbers[each].to(torch.float32) if isinstance(each, Value) else each for each in call.args]
            found = call.func(*args, **kwargs)
            return found if value.index is None else found[value.index], None
    finally:
        torch.set_rng_state(before)
