"""A forward that returns a cache and the backward that takes it, as a pair: in torch, or in NumPy."""

from __future__ import annotations

import copy
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch

from backprop_check.pairs.calling import Called, call, parameters_of
from backprop_check.pairs.pair import Back, Ran, is_float
from backprop_check.pairs.returned import elements

_NAMED = ("d{}", "grad_{}", "{}_grad", "d_{}", "g{}", "g_{}")


def is_numpy(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray)


class Cached:
    """`forward(*inputs) -> out, ..., cache` and `backward(dout, ..., cache) -> dx, ...`. What is no tensor here is copied for each call."""

    sums = False
    recorded = True
    """Whether NumPy runs on arrays that are recorded; where that fails, it runs as it is, and differences are the reference."""

    def __init__(self, forward: Callable[..., Any], backward: Callable[..., Any], numpy: bool) -> None:
        self.forward_function, self.backward_function, self.numpy = forward, backward, numpy
        self.name = getattr(forward, "__name__", "forward")
        self.backward_name = getattr(backward, "__name__", "backward")
        self.parameters = tuple(p.name for p in parameters_of(forward))
        self.takes = [p.name for p in parameters_of(backward) if p.default is p.empty]

    def forward(self, inputs: Sequence[Any], needs: tuple[bool, ...]) -> Ran:
        del needs
        if self.numpy and self.recorded:
            from backprop_check.pairs.arrays import forget
            from backprop_check.pairs.namespace import recorded

            forget()
            called = self._bare(call(recorded(self.forward_function), self._given(inputs), self.forward_function))
        else:
            called = call(self.forward_function, self._given(inputs))
        outputs, carried = self._parted(called.result, inputs)
        return Ran(called, tuple(each for each in map(self._tensor, outputs) if is_float(each)), carried)

    def _given(self, inputs: Sequence[Any]) -> list[Any]:
        if self.numpy:
            from backprop_check.pairs.arrays import Array, plain_of

            return [Array(each) if is_float(each) and self.recorded else copy.deepcopy(plain_of(each)) for each in inputs]
        return [each if isinstance(each, torch.Tensor) else copy.deepcopy(each) for each in inputs]

    def _bare(self, called: Called) -> Called:
        """With tensors for arrays in its names, and no name of NumPy's: what ran were torch calls."""
        from backprop_check.pairs.arrays import tensor_of

        own = {name: tensor_of(value) for name, value in called.own.items()}
        return replace(called, own=own, names={})

    def _parted(self, result: Any, inputs: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """The outputs, and what the backward takes beside their gradients: the cache, or the inputs where there is none."""
        if isinstance(result, tuple) and len(result) > 1:
            return list(result[:-1]), [result[-1]]
        only = list(result) if isinstance(result, tuple) else [result]
        return only, self._given(inputs)[: max(0, len(self.takes) - len(only))]

    def _tensor(self, value: Any) -> Any:
        if self.numpy:
            from backprop_check.pairs.arrays import tensor_of

            value = tensor_of(value)
        return torch.tensor(value, dtype=torch.float64) if isinstance(value, float) else value

    def backward(self, ran: Ran, gradients: Sequence[torch.Tensor]) -> Back:
        left = iter(gradients)
        outputs, _ = self._parted(ran.called.result, ())
        above: list[Any] = [next(left) if is_float(self._tensor(each)) else None for each in outputs]
        if self.numpy:
            from backprop_check.pairs.arrays import Array, ours, plain_of, tensor_of
            from backprop_check.pairs.namespace import recorded

            if not self.recorded:
                called = call(self.backward_function, [*plain_of(above), *ran.state])
                return Back(called) if called.error is not None else self._placed(replace(called, result=tensor_of(called.result)))
            arrays = [Array(each) if each is not None else None for each in above]
            called = self._bare(call(recorded(self.backward_function), [*arrays, *ours(ran.state)], self.backward_function))
            called = replace(called, result=tensor_of(called.result))
        else:
            called = call(self.backward_function, [*above, *ran.state])
        return Back(called) if called.error is not None else self._placed(called)

    def _placed(self, called: Called) -> Back:
        """Which gradient is which input's: by the names they are returned under, else by position among those that have one."""
        result = called.result
        floats = [index for index, name in enumerate(self.parameters) if name in self.floats]
        if isinstance(result, Mapping):
            by_name = {name: each for name, each in result.items() if isinstance(name, str)}
            places = {index: word for index in floats for word in self._words(index) if word in by_name}
            fault = "" if places else f"it returns a dict with the keys {', '.join(map(repr, result))}, none of which names an input."
            return Back(called, {index: by_name[word] for index, word in places.items()}, places, fault)
        found = list(result) if isinstance(result, tuple | list) else [result]
        there = elements(self.backward_function, called)
        texts = [each.text for each in there] if len(there) == len(found) else []
        named = {index: texts.index(word) for index in floats for word in self._words(index) if word in texts}
        if texts and len(set(named.values())) == len(found):
            order = named
        elif len(found) in (len(floats), len(self.parameters)):
            order = {index: floats.index(index) if len(found) == len(floats) else index for index in floats}
        else:
            told = ", ".join(f"`{self.parameters[index]}`" for index in floats)
            number = f"{len(found)} gradient{'s' if len(found) != 1 else ''}"
            fault = f"It returns {number}; {self.name} has {len(floats)} inputs that have one: {told}."
            return Back(called, {}, {}, fault)
        names = {index: texts[at] for index, at in order.items()} if texts else {}
        return Back(called, {index: found[at] for index, at in order.items()}, names)

    def unrecorded(self, failed: bool) -> Cached | None:
        if not self.numpy or not self.recorded:
            return None
        from backprop_check.pairs.arrays import left_out

        if not failed and not left_out:
            return None
        other = copy.copy(self)
        other.recorded = False
        return other

    floats: frozenset[str] = frozenset()

    def _words(self, index: int) -> list[str]:
        name = self.parameters[index]
        return [name, *(word.format(name) for word in _NAMED), *([f"d{name.lower()}"] if name != name.lower() else [])]

    def value(self, inputs: Sequence[Any]) -> tuple[torch.Tensor, ...] | None:
        try:
            if self.numpy:
                from backprop_check.pairs.arrays import plain_of

                result = call(self.forward_function, [copy.deepcopy(plain_of(each)) for each in inputs])
            else:
                with torch.no_grad():
                    result = call(self.forward_function, [copy.deepcopy(each) for each in inputs])
            outputs, _ = self._parted(result.result, inputs)
            return tuple(each for each in map(self._tensor, outputs) if is_float(each)) if result.error is None else None
        except Exception:
            return None


def stem(name: str) -> str | None:
    """What names of a forward and its backward have in common: `affine` of `affine_forward`, `affine_backward`."""
    found = re.fullmatch(r"(.*?)_?(forward|fwd|backward|bwd)_?(.*)", name)
    return f"{found[1]}|{found[3]}" if found else None
