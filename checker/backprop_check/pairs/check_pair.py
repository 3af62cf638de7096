"""`check_pair`: a forward with a cache and its backward, held together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from backprop_check.errors import BadInput
from backprop_check.pairs import say
from backprop_check.pairs.cached import Cached, is_numpy
from backprop_check.pairs.examine import Examined, examine


def check_pair(forward: Callable[..., Any], backward: Callable[..., Any], *inputs: Any) -> bool:
    """Check `backward(dout, cache)` against `out, cache = forward(*inputs)`, in torch or NumPy; print what is wrong with which gradient.

    Floating inputs are differentiated. The gradients come back in the order of forward's parameters, under names that say whose they are
    (`dx`), or in a dict. Several outputs come before the cache, and their gradients before it. A forward without a cache returns its
    output alone; its backward takes `(dout, *inputs)`. Returns whether all are right. Raises `BadInput` where nothing can be compared.
    """
    done = examined(forward, backward, inputs)
    told = "\n".join(say.lines(done))
    if told:
        print(told)
        return False
    right = [one for one in done.ones if one.right]
    unknown = [f"`{one.name}`" for one in done.ones if one.due is None]
    if unknown:
        print(f"{', '.join(unknown)}: the forward cannot be followed, and there are too many numbers for differences. Try smaller ones.")
        return False
    names = " and ".join(
        [", ".join(f"`{one.asked.name}`" for one in right[:-1])] * (len(right) > 1) + [f"`{right[-1].asked.name}`"] * bool(right)
    )
    reference = "autograd's gradients of the forward" if done.recorded else "differences of the forward's numbers"
    print(f"{done.pair.backward_name}: {names} right (held against {reference}).")
    return True


def examined(forward: Callable[..., Any], backward: Callable[..., Any], inputs: Sequence[Any]) -> Examined:
    """Run and compare. Raises `BadInput`."""
    numpy = any(map(is_numpy, inputs)) and not any(isinstance(each, torch.Tensor) for each in inputs)
    pair = Cached(forward, backward, numpy)
    if numpy:
        from backprop_check.pairs.arrays import as_tensor

        inputs = [as_tensor(each) for each in inputs]
    pair.floats = frozenset(
        name for name, each in zip(pair.parameters, inputs, strict=False) if isinstance(each, torch.Tensor) and each.is_floating_point()
    )
    if not pair.floats:
        raise BadInput(f"none of the inputs of {pair.name} is an array or a tensor of floating numbers: there is no gradient to check.")
    done = examine(pair, inputs)
    if done.ran.called.error is not None:
        error = done.ran.called.error
        raise BadInput(f"{pair.name} raises {type(error).__name__}: {error}") from error
    if done.unsure:
        raise BadInput(f"nothing was compared: {pair.name} runs, but {done.unsure}.")
    if not done.ran.outputs:
        raise BadInput(f"{pair.name} returns no floating output: `out, cache` is expected.")
    return done
