"""A forward that returns a cache and the backward that takes it, as a pair: in torch, or in NumPy."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch

from backprop_check.pairs.calling import Called, call, parameters_of
from backprop_check.pairs.context import copied
from backprop_check.pairs.layout import Layout, gradient_held, key_of, rebound, words
from backprop_check.pairs.pair import Back, Ran, is_float
from backprop_check.pairs.returned import elements


class Cached:
    """`forward(*inputs) -> out, ..., cache` and `backward(dout, ..., cache) -> dx, ...`. What is no tensor here is copied for each call.

    Methods of one object need no cache; what it holds and has a gradient of is among the inputs, as `layout` has them.
    """

    sums = False
    recorded = True
    """Whether NumPy runs on arrays that are recorded; where that fails, it runs as it is, and differences are the reference."""

    def __init__(self, forward: Callable[..., Any], backward: Callable[..., Any], numpy: bool, layout: Layout) -> None:
        self.forward_function, self.backward_function, self.numpy, self.layout = forward, backward, numpy, layout
        self.name = getattr(forward, "__name__", "forward")
        self.backward_name = getattr(backward, "__name__", "backward")
        if layout.owner is not None:
            self.name, self.backward_name = (f"{type(layout.owner).__name__}.{name}" for name in (self.name, self.backward_name))
        self.parameters = layout.names
        self.takes = [p.name for p in parameters_of(backward) if p.default is p.empty]

    def forward(self, inputs: Sequence[Any], needs: tuple[bool, ...]) -> Ran:
        del needs
        args, owner = self.layout.built(self._given(inputs))
        if owner is not None and self.numpy and self.recorded:
            from backprop_check.pairs.arrays import ours

            vars(owner).update({name: ours(value) for name, value in vars(owner).items()})
        called = self._called(self.forward_function, owner, args)
        outputs, carried = self._parted(called.result, args)
        return Ran(called, tuple(each for each in map(self._tensor, outputs) if is_float(each)), (carried, owner))

    def _called(self, function: Callable[..., Any], owner: Any, args: Sequence[Any]) -> Called:
        if not self.numpy or not self.recorded:
            return call(rebound(function, owner, None), args)
        from backprop_check.pairs.arrays import forget
        from backprop_check.pairs.namespace import recorded

        if function is self.forward_function:
            forget()
        return self._bare(call(rebound(function, owner, recorded), args, function))

    def _given(self, inputs: Sequence[Any]) -> list[Any]:
        if self.numpy:
            from backprop_check.pairs.arrays import Array, plain_of

            return [Array(each) if is_float(each) and self.recorded else copy.deepcopy(plain_of(each)) for each in inputs]
        return [each if isinstance(each, torch.Tensor) else copy.deepcopy(each) for each in inputs]

    def _bare(self, called: Called) -> Called:
        """With tensors for arrays in its names, and no name of NumPy's: what ran were torch calls."""
        from backprop_check.pairs.arrays import held, tensor_of

        own = {name: held(value) if name == "self" else tensor_of(value) for name, value in called.own.items()}
        return replace(called, own=own, names={})

    def _parted(self, result: Any, args: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """The outputs, and what the backward takes beside their gradients: the cache, or the inputs where there is none."""
        every = list(result) if isinstance(result, tuple) else [result]
        if len(every) > 1 and not (self.layout.owner is not None and len(every) == len(self.takes)):
            return every[:-1], every[-1:]
        return every, list(args)[: max(0, len(self.takes) - len(every))]

    def _tensor(self, value: Any) -> Any:
        if self.numpy:
            from backprop_check.pairs.arrays import tensor_of

            value = tensor_of(value)
        return torch.tensor(value, dtype=torch.float64) if isinstance(value, float) else value

    def backward(self, ran: Ran, gradients: Sequence[torch.Tensor]) -> Back:
        left, (carried, owner) = iter(gradients), ran.state
        outputs, _ = self._parted(ran.called.result, ())
        above: list[Any] = [next(left) if is_float(self._tensor(each)) else None for each in outputs]
        if self.numpy:
            from backprop_check.pairs.arrays import Array, ours, plain_of

            above = [Array(each) if each is not None else None for each in above] if self.recorded else plain_of(above)
            carried = ours(carried) if self.recorded else carried
        return self._back(self._called(self.backward_function, owner, [*above, *carried]), owner)

    def _back(self, called: Called, owner: Any, beside: int = 0) -> Back:
        """The gradients of a run: those it returned, after what it returned `beside` them, and those its object holds."""
        if self.numpy:
            from backprop_check.pairs.arrays import as_tensor, tensor_of

            called = replace(called, result=tensor_of(called.result) if self.recorded else as_tensor(called.result))
        if called.error is not None:
            return Back(called)
        kept: dict[int, tuple[str, Any]] = {}
        for index, way in enumerate(self.layout.ways):
            there = gradient_held(owner, way) if way[0] == "self" else None
            if there is not None:
                kept[index] = there[0], self._tensor(there[1])
        result = called.result[beside:] if beside else called.result
        result = result[0] if beside and len(result) == 1 else result
        constant = self._constant(called, result, beside)
        back = placed(self, called, result, [index for index in self.floats if index not in kept and index not in constant], beside)
        if beside and (isinstance(result, Mapping) or set(back.names.values()) & set(back.called.own)):
            constant |= frozenset(self.floats) - back.gradients.keys()  # data, of which no gradient is meant
        return replace(
            back,
            constant=constant,
            gradients={**back.gradients, **{index: value for index, (_, value) in kept.items()}},
            names={**back.names, **{index: name for index, (name, _) in kept.items()}},
        )

    def _constant(self, called: Called, result: Any, beside: int) -> frozenset[int]:
        """What dicts among the inputs hold, where no gradient is called as one of that dict's."""
        given = (
            set(result)
            if isinstance(result, Mapping)
            else {key_of(each.text) for each in elements(self.backward_function, called)[beside:]}
        )
        dicts: dict[int | str, list[int]] = {}
        for index, way in enumerate(self.layout.ways):
            if len(way) == 2 and way[0] != "self":
                dicts.setdefault(way[0], []).append(index)
        named = {place for place, those in dicts.items() for index in those if given & set(words(self.parameters[index]))}
        return frozenset(index for place, those in dicts.items() if place not in named for index in those)

    floats: Sequence[int] = ()
    """The numbers of the inputs that have a gradient."""

    def unrecorded(self, failed: bool) -> Cached | None:
        if not self.numpy or not self.recorded:
            return None
        from backprop_check.pairs.arrays import left_out

        if not failed and not left_out:
            return None
        other = copy.copy(self)
        other.recorded = False
        return other

    def again(
        self, inputs: Sequence[Any], needs: tuple[bool, ...], gradients: Sequence[torch.Tensor]
    ) -> Callable[[Callable[..., Any]], Back]:
        other = copy.copy(self)
        other.recorded = False
        ran = other.forward(inputs, needs)

        def runs(backward: Callable[..., Any]) -> Back:
            other.backward_function = backward
            carried, owner = ran.state
            fresh = copy.copy(owner)
            if owner is not None:
                fresh.__dict__.update(copied(owner.__dict__))
            return other.backward(replace(ran, state=(copied(carried), fresh)), gradients)

        return runs

    def value(self, inputs: Sequence[Any]) -> tuple[torch.Tensor, ...] | None:
        try:
            if self.numpy:
                from backprop_check.pairs.arrays import plain_of

                inputs = [plain_of(each) for each in inputs]
            args, owner = self.layout.built(copy.deepcopy(list(inputs)))
            with torch.no_grad():
                result = call(rebound(self.forward_function, owner, None), args)
            outputs, _ = self._parted(result.result, args)
            return tuple(each for each in map(self._tensor, outputs) if is_float(each)) if result.error is None else None
        except Exception:
            return None


def placed(pair: Cached, called: Called, result: Any, floats: Sequence[int], beside: int) -> Back:
    """Which gradient is which input's: by the names they are returned under, else by position among those that have one."""
    if isinstance(result, Mapping):
        by_name = {name: each for name, each in result.items() if isinstance(name, str)}
        places = {index: word for index in floats for word in words(pair.parameters[index]) if word in by_name}
        fault = "" if places else f"it returns a dict with the keys {', '.join(map(repr, result))}, none of which names an input."
        return Back(called, {index: by_name[word] for index, word in places.items()}, places, fault)
    found = list(result) if isinstance(result, tuple | list) else [result]
    there = elements(pair.backward_function, called)[beside:]
    texts = [each.text for each in there] if len(there) == len(found) else []
    keys = [key_of(text) for text in texts]
    named = {index: keys.index(word) for index in floats for word in words(pair.parameters[index]) if word in keys}
    if texts and len(set(named.values())) == len(found):
        order = named
    elif len(found) in (len(floats), len(pair.parameters)):
        order = {index: floats.index(index) if len(found) == len(floats) else index for index in floats}
    else:
        told = ", ".join(f"`{pair.parameters[index]}`" for index in floats)
        number = f"{len(found)} gradient{'s' if len(found) != 1 else ''}"
        fault = f"It returns {number}; {pair.name} has {len(floats)} inputs that have one: {told}."
        return Back(called, {}, {}, fault)
    names = {index: texts[at] for index, at in order.items()} if texts else {}
    return Back(called, {index: found[at] for index, at in order.items()}, names)


def stem(name: str) -> str | None:
    """What names of a forward and its backward have in common: `affine` of `affine_forward`, `affine_backward`."""
    found = re.fullmatch(r"(.*?)_?(forward|fwd|backward|bwd)_?(.*)", name)
    return f"{found[1]}|{found[3]}" if found else None
