"""`check_pair`: a forward with a cache and its backward, held together; `check_loss`: a function that returns its gradient as well."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch

from backprop_check.errors import BadInput
from backprop_check.pairs import say
from backprop_check.pairs.cached import Cached
from backprop_check.pairs.calling import call, parameters_of
from backprop_check.pairs.context import copied
from backprop_check.pairs.examine import Examined, examine
from backprop_check.pairs.layout import Way, arrays_held, flat, gradient_held, owner_of, words
from backprop_check.pairs.pair import is_float, is_numpy
from backprop_check.pairs.valued import Valued


def check_pair(forward: Callable[..., Any], backward: Callable[..., Any], *inputs: Any) -> bool:
    """Check `backward(dout, cache)` against `out, cache = forward(*inputs)`, in torch or NumPy; print what is wrong with which gradient.

    Floating inputs are differentiated, and those that a dict among them holds. The gradients come back in the order of forward's
    parameters, under names that say whose they are (`dx`), or in a dict. Several outputs come before the cache, and their gradients before
    it. A forward without a cache returns its output alone; its backward takes `(dout, *inputs)`. Of two methods of one object
    the backward takes `dout`, and what the object holds (`self.W`) is checked where the backward leaves a gradient of it (`self.dW`).
    Returns whether all are right. Raises `BadInput` where nothing can be compared.
    """
    return _said(examined(forward, backward, inputs))


def check_loss(function: Callable[..., Any], *inputs: Any) -> bool:
    """Check the gradient in `loss, dx = function(*inputs)`, in torch or NumPy, against the loss; print what is wrong with it.

    Several gradients (`loss, dW, db`) are those of floating inputs in their order, or are named so, in a dict too. Returns whether all
    are right. Raises `BadInput` where nothing can be compared.
    """
    return _said(examined(function, None, inputs))


def _said(done: Examined) -> bool:
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


def examined(forward: Callable[..., Any], backward: Callable[..., Any] | None, inputs: Sequence[Any]) -> Examined:
    """Run and compare; without a `backward` the forward gives the gradient too. Raises `BadInput`."""
    owner = owner_of(forward)
    held = [] if owner is None else list(_held(owner, forward, backward, inputs))
    numpy = any(_is_array(each) and is_numpy(each) for given in inputs for each in (given.values() if type(given) is dict else [given]))
    numpy = numpy and not any(isinstance(each, torch.Tensor) for each in inputs)
    if numpy:
        from backprop_check.pairs.arrays import as_tensor

        inputs = [as_tensor(given) for given in inputs]
    layout, given = flat(inputs, [p.name for p in parameters_of(forward)], owner, held)
    given = [as_tensor(each) for each in given] if numpy else given
    pair = Cached(forward, backward, numpy, layout) if backward is not None else Valued(forward, numpy, layout)
    pair.floats = [index for index, each in enumerate(given) if is_float(each)]
    if not pair.floats:
        raise BadInput(f"none of the inputs of {pair.name} is an array or a tensor of floating numbers: there is no gradient to check.")
    done = examine(pair, given)
    if done.ran.called.error is not None:
        error = done.ran.called.error
        raise BadInput(f"{pair.name} raises {type(error).__name__}: {error}") from error
    if done.unsure:
        raise BadInput(f"nothing was compared: {pair.name} runs, but {done.unsure}.")
    if not done.ran.outputs:
        expected = "out, cache" if backward is not None else "loss, dx"
        raise BadInput(f"{pair.name} returns no floating output: `{expected}` is expected.")
    return done


def _held(owner: Any, forward: Callable[..., Any], backward: Callable[..., Any] | None, inputs: Sequence[Any]) -> Iterator[Way]:
    """The ways to what an object holds and, once its methods have run, holds a gradient of."""
    there = copy.deepcopy(owner)
    before = [(way, copied(gradient_held(there, way))) for way in arrays_held(there, _is_array)]
    returned: Any = {}
    with contextlib.suppress(Exception):
        result = call(getattr(there, forward.__name__), copy.deepcopy(list(inputs))).result
        returned = next((each for each in result if isinstance(each, Mapping)), {}) if isinstance(result, tuple) else {}
        if backward is not None:
            every = result if isinstance(result, tuple) else (result,)
            call(getattr(there, backward.__name__), [each * 0 + 1 for each in every[: len(parameters_of(backward))]])
    for way, gradient in before:
        now = gradient_held(there, way)
        fresh = now is not None and (gradient is None or now[1].shape != gradient[1].shape or bool((now[1] != gradient[1]).any()))
        if fresh or any(word in returned for word in words(str(way[-1]))):
            yield way


def _is_array(value: Any) -> bool:
    return is_float(value) or (is_numpy(value) and value.dtype.kind == "f")
