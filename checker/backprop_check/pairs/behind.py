"""Which line of a user's own `autograd.Function` is wrong that left a gradient which somebody compares with theirs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from backprop_check.comparison.compare import close
from backprop_check.diagnosis.attempt import survived
from backprop_check.live.asked import Asked, Compared
from backprop_check.live.recorded import SINGLE, Found
from backprop_check.pairs import say
from backprop_check.pairs.custom import Custom
from backprop_check.pairs.examine import examine
from backprop_check.recording import Function, Value, latest
from backprop_check.recording.drawing import Lost
from backprop_check.recording.replay import replay
from backprop_check.recording.values import Opaque
from backprop_check.trace.scale import EXACT


def behind(result: Compared, asked: Asked) -> Iterator[str]:
    """Yield what is wrong in the functions whose backward autograd has used, where the gradient that it left is not that of their forward.

    They run once more, on copies of what they were last given. Where that is not known, the call is named that tells.
    """
    found = result.found
    if not result.custom or asked.gradient is None or (found is not None and _is_due(found, asked.gradient)):
        return
    lines = [_wrong_in(function) for function in result.custom]
    if any(lines):
        yield from (line for each in lines for line in each or ())
        return
    for function, told in zip(result.custom, lines, strict=True):
        if told is None:
            names = Custom(function).parameters
            given = ", ".join(names) + "," * (len(names) == 1)
            yield f"   `gradcheck({function.__name__}.apply, ({given}))` says which line of it is wrong, if one is."


def _is_due(found: Found, gradient: torch.Tensor) -> bool:
    """Whether autograd's gradient is that of the forward, where this is known."""
    due = found.trial.gradients["d" + found.node]
    within = EXACT if gradient.dtype == torch.float64 else SINGLE
    return found.forward is not None and close(gradient.cpu(), due, found.trial.scales["d" + found.node], within)


def _wrong_in(function: Function) -> list[str] | None:
    """What is said of one function, nothing where it is right; None where it could not be run."""
    return survived(lambda: _examined(function), f"the look into {function.__name__}")


def _examined(function: Function) -> list[str] | None:
    given = _given(function)
    if given is None:
        return None
    done = examine(Custom(function), *given)
    return list(say.lines(done)) if say.is_wrong(done) else []


def _given(function: Function) -> tuple[list[Any], list[bool]] | None:
    """What a function was last given, and where it needs a gradient; a tensor that is no longer there is computed again."""
    recorder = latest()
    if recorder is None or function not in recorder.applied:
        return None
    args = recorder.applied[function]
    if any(isinstance(each, Opaque) for each in args):
        return None
    values = [each for each in args if isinstance(each, Value)]
    try:
        again = replay([each for each in values if each.tensor is None]).numbers
    except Lost:
        return None
    inputs = [each if not isinstance(each, Value) else again[each] if each.tensor is None else each.tensor for each in args]
    return inputs, [isinstance(each, Value) and each.needs_grad for each in args]
