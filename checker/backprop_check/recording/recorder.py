"""The recorder: every torch call of the user's code, with what it was given by identity and version, and what it gave."""

from __future__ import annotations

import contextlib
import sys
from collections import deque
from collections.abc import Iterable, Mapping
from types import FrameType
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch.compiler import is_compiling
from torch.overrides import TorchFunctionMode

from backprop_check.recording.custom import Function, functions_behind
from backprop_check.recording.frames import OPTIMIZERS, frames, kinds
from backprop_check.recording.functions import BACKWARD, DRAWS, PASSED_ON, SET, sort_of, sorts
from backprop_check.recording.stepped import note
from backprop_check.recording.values import Call, Opaque, Pass, Value, reads, value

LONGEST = 20_000
"""How many of the latest calls can be computed again: what is older stands as it is."""

_FEW = 256
"""How long a list of plain numbers may be to be kept."""

_PASSES = 16
"""How many of the latest backward passes are known."""

_ATOMS = frozenset({int, float, bool, str, type(None), torch.dtype, torch.device})
_PLAIN = (int, float, bool, str, type(None), torch.dtype, torch.device, torch.layout, torch.memory_format, range, type(...), complex)


class Recorder(TorchFunctionMode):
    """Sees torch calls while it is on. `value_of(tensor)` is the record of a tensor as it stands, `passes` the latest backward passes.

    `applied` has what each `autograd.Function` was last given, as far as its forward is made of torch calls.
    """

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[int, Value] = {}
        self._room = 1024
        self._order = 0
        self.passes: deque[Pass] = deque(maxlen=_PASSES)
        self.applied: WeakKeyDictionary[Function, tuple[Any, ...]] = WeakKeyDictionary()

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        if is_compiling():  # what is compiled is no code of the user's
            return func(*args, **kwargs) if kwargs else func(*args)
        try:
            sort = sorts[func]
        except (KeyError, TypeError):
            sort = sort_of(func)
        if sort == PASSED_ON:
            return func(*args, **kwargs) if kwargs else func(*args)
        frame = sys._getframe(1)
        if kinds.get(frame.f_code.co_filename) == OPTIMIZERS:  # it steps parameters, and nobody asks how
            return func(*args, **kwargs) if kwargs else func(*args)
        if sort == SET:
            return self._set(func, args)
        touched: list[tuple[torch.Tensor, Value]] = []
        try:
            kept = self._all_kept(args, touched)
            named = dict(zip(kwargs, self._all_kept(tuple(kwargs.values()), touched), strict=True)) if kwargs else None
            drawn = torch.get_rng_state() if sort == DRAWS else None
        except Exception:  # what cannot be recorded must run all the same
            return func(*args, **kwargs) if kwargs else func(*args)
        grad = torch.is_grad_enabled()
        out = func(*args, **kwargs) if kwargs else func(*args)
        try:
            if sort == BACKWARD and touched:
                self._passed(touched, kept, named or {})
            else:
                self._made(func, kept, named, touched, out, grad, drawn, frame)
        except Exception:  # as above: a tensor of another kind has no version, no view, no memory
            return out
        return out

    def _all_kept(self, given: tuple[Any, ...], touched: list[tuple[torch.Tensor, Value]]) -> tuple[Any, ...]:
        """What is kept of some arguments. This runs at every call: what is usual comes first."""
        known, kept = self._known, []
        each: Any
        for each in given:
            kind = type(each)
            if kind is torch.Tensor or kind is torch.nn.Parameter:
                there = known.get(id(each))
                seen: Any = None if there is None else there()
                if there is None or seen is not each or there.version != each._version or there.needs_grad is not each.requires_grad:
                    there = self.value_of(each)
                touched.append((each, there))
                kept.append(there)
            else:
                kept.append(each if kind in _ATOMS else self._kept(each, touched))
        return tuple(kept)

    def value_of(self, tensor: torch.Tensor) -> Value:
        """Return the record of a tensor as it stands now."""
        key, version = id(tensor), tensor._version
        known = self._known.get(key)
        if known is not None and known() is tensor:
            if known.version == version:
                if known.needs_grad is not tensor.requires_grad:
                    known = self._asked(tensor, known)
                return known
            known = self._seen_again(tensor, known, version)
        else:
            known = value(tensor, version, None)
        self._known[key] = known
        return known

    def _asked(self, tensor: torch.Tensor, known: Value) -> Value:
        """A tensor that became a leaf for autograd stands for itself; another that needs a gradient now came out of a custom function."""
        if tensor.is_leaf:
            known = self._known[id(tensor)] = value(tensor, known.version, None)
        known.needs_grad = tensor.requires_grad
        return known

    def _seen_again(self, tensor: torch.Tensor, known: Value, version: int) -> Value:
        """A tensor that was written into through another: where it is a view, what made it makes it again from its base as that is now."""
        base, call = tensor._base, known.call
        viewed = call.args[0] if call is not None and call.args and not known.written else None
        if call is None or base is None or not isinstance(viewed, Value) or viewed() is not base:
            return value(tensor, version, None)
        return value(tensor, version, call.anew((self.value_of(base), *call.args[1:])), known.index)

    def _kept(self, given: Any, touched: list[tuple[torch.Tensor, Value]]) -> Any:
        if isinstance(given, torch.Tensor):
            there = self.value_of(given)
            touched.append((given, there))
            return there
        if isinstance(given, _PLAIN):
            return given
        if isinstance(given, tuple | list):
            return (
                (list if isinstance(given, list) else tuple)([self._kept(each, touched) for each in given])
                if len(given) <= _FEW
                else Opaque()
            )
        if isinstance(given, slice):
            return slice(self._kept(given.start, touched), self._kept(given.stop, touched), self._kept(given.step, touched))
        return Opaque()

    def _made(
        self,
        func: Any,
        args: Any,
        kwargs: Any,
        touched: list[tuple[torch.Tensor, Value]],
        out: Any,
        grad: bool,
        drawn: Any,
        frame: FrameType,
    ) -> None:
        known, kind = self._known, type(out)
        results: Iterable[tuple[int | None, torch.Tensor]] = ()
        if kind is torch.Tensor or isinstance(out, torch.Tensor):
            there = known.get(id(out))
            if there is None or there() is not out:
                results = ((None, out),)
        elif isinstance(out, tuple | list):
            results = [(number, each) for number, each in enumerate(out) if isinstance(each, torch.Tensor) and not self._is_known(each)]
        written: list[tuple[torch.Tensor, Value]] | None = None
        for pair in touched:
            if pair[0]._version != pair[1].version:
                written = [pair] if written is None else [*written, pair]
        if not results and written is None:
            return
        self._order += 1
        fields = kind is not torch.Tensor and kind.__module__ == "torch.return_types" and hasattr(kind, "indices")
        call = Call(func, args, kwargs, frames(frame, self._applied), grad, drawn, self._order, fields)
        for number, tensor in results:
            made = known[id(tensor)] = value(tensor, tensor._version, call, number)
            if made.needs_grad and tensor.is_leaf:
                base = tensor._base
                if base is None or not base.requires_grad:  # a leaf's view is one, where autograd is off
                    made.call = None  # for autograd a beginning, whatever made its numbers
        for tensor, before in written or ():
            first = before is args[0] if args else False
            self._written(tensor, before, call if first or (kwargs and before is kwargs.get("out")) else None)
        if not self._order % LONGEST:
            self._forget()
        if len(known) > self._room:
            self._sweep()

    def _applied(self, frame: FrameType) -> None:
        """Keep what an `autograd.Function` is given, while its forward runs."""
        if not frame.f_locals["kwargs"]:
            args = frame.f_locals["args"]
            self.applied[frame.f_locals["cls"]] = tuple(
                self._known.get(id(each), Opaque()) if isinstance(each, torch.Tensor) else self._kept(each, []) for each in args
            )

    def _is_known(self, tensor: torch.Tensor) -> bool:
        there = self._known.get(id(tensor))
        return there is not None and there() is tensor

    def _written(self, tensor: torch.Tensor, before: Value, call: Call | None) -> None:
        """A write gives a tensor's next value, and its base's too where it is a view. A parameter that is stepped starts anew."""
        own = None if tensor.requires_grad and tensor.is_leaf else call
        new = self._known[id(tensor)] = value(tensor, tensor._version, own, None, written=True)
        if own is not call:
            note(before, new, call)
        base, made = tensor._base, before.call
        if base is not None:
            there = self._known.get(id(base))
            if call is None or there is None or there() is not base or made is None or made.args[:1] != (there,):
                return
            if made.name != "__getitem__":
                return
            into = call.anew((there, made.args[1], new), torch.Tensor.__setitem__)
            self._known[id(base)] = value(base, base._version, into, None, written=True)
        elif made is not None and made.name == "__get__" and made.args and isinstance(made.args[0], Value):  # of `.data`: no version tells
            owner = made.args[0]()
            if owner is not None and owner.data_ptr() == tensor.data_ptr():
                self._replaced(owner, call)

    def _set(self, func: Any, args: tuple[Any, ...]) -> Any:
        """`w.data = ...`: other numbers, of which no version tells. `w.data += ...` sets what it has written into already."""
        before = _memory(args[0])
        out = func(*args)
        with contextlib.suppress(Exception):
            if before is None or _memory(args[0]) != before:
                self._replaced(args[0])
        return out

    def _replaced(self, tensor: torch.Tensor, call: Call | None = None) -> None:
        before = self.value_of(tensor)
        before.version = -1
        self._known[id(tensor)] = new = value(tensor, tensor._version, None)
        note(before, new, call)

    def _passed(self, touched: list[tuple[torch.Tensor, Value]], args: Any, kwargs: Mapping[str, Any]) -> None:
        gradient = args[1] if len(args) > 1 else kwargs.get("gradient")
        custom = functions_behind([touched[0][0]]) if self.applied else []
        self.passes.append(Pass(touched[0][1], gradient if isinstance(gradient, Value) else None, custom))

    def _forget(self) -> None:
        """Let go of what calls were given that are too old: a value that every step of a training loop adds to hangs on all of them."""
        oldest, seen = self._order - LONGEST, set[Call]()
        given = (each for args in self.applied.values() for each in args if isinstance(each, Value))
        stack = [value.call for value in [*self._known.values(), *(one.root for one in self.passes), *given]]
        while stack:
            call = stack.pop()
            if call is None or call in seen:
                continue
            seen.add(call)
            if call.order < oldest:
                call.args, call.kwargs = (Opaque(),), None
            else:
                stack += [value.call for value in reads(call)]

    def _sweep(self) -> None:
        self._known = {key: value for key, value in self._known.items() if value() is not None}
        self._room = 2 * len(self._known) + 1024


def _memory(tensor: torch.Tensor) -> Any:
    try:
        return tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype
    except (RuntimeError, AttributeError):  # one without memory of its own
        return None
