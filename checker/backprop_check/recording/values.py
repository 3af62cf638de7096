"""What is kept of tensors and calls: no tensor, but who made it of what."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from backprop_check.recording.custom import Function
from backprop_check.recording.frames import Frames


class Value(weakref.ref[torch.Tensor]):
    """One tensor as it stood between two writes into it. `call` made it (its result number `index`), None where nobody saw that.

    `written` says that the call wrote it into a tensor that was there. `needs_grad` is the tensor's own at the latest look at it. It is a
    weak reference itself: of the objects made at every call there should be few. Of a parameter that was added to since, `stepped` has the
    next value and what takes it back, a factor and a tensor.
    """

    __slots__ = ("call", "index", "needs_grad", "stepped", "version", "written")
    __hash__ = object.__hash__
    __eq__ = object.__eq__

    call: Call | None
    index: int | None
    needs_grad: bool
    stepped: tuple[Value, float, Any] | None
    version: int
    written: bool

    @property
    def tensor(self) -> torch.Tensor | None:
        """The tensor, while its owner keeps it and nothing was written into it since."""
        found = self()
        if found is None:
            return None
        fix = getattr(found, "_fix_weakref", None)
        if fix is not None:
            fix()
        return found if found._version == self.version else None

    @property
    def owner(self) -> torch.Tensor | None:
        """The tensor, or the parameter whose value this was before it was stepped."""
        return self.tensor if self.stepped is None else self()


def value(tensor: torch.Tensor, version: int, call: Call | None, index: int | None = None, written: bool = False) -> Value:
    """Return a new record of a tensor. It is no `__init__`: that of `weakref.ref` is quicker, and this runs at every call."""
    made = Value(tensor)
    made.version, made.call, made.index, made.written = version, call, index, written
    made.needs_grad, made.stepped = tensor.requires_grad, None
    return made


class Opaque:
    """Stands for an argument that is not kept."""


class Call:
    """One call: `args` and `kwargs` hold a `Value` for each tensor.

    `where` are the user's frames (made flat, as `frames` gives them), `grad` says whether autograd was on, `drawn` is the generator's state
    before, where it may have drawn.
    `fields` says that it returned `values` and `indices`. `order` counts calls.
    """

    __slots__ = ("_where", "args", "drawn", "fields", "func", "grad", "kwargs", "order")

    def __init__(
        self, func: Any, args: Any, kwargs: Any, where: tuple[Any, ...], grad: bool, drawn: torch.Tensor | None, order: int, fields: bool
    ) -> None:
        self.func, self.args, self.kwargs, self._where = func, args, kwargs, where
        self.grad, self.drawn, self.order, self.fields = grad, drawn, order, fields

    @property
    def name(self) -> str:
        return getattr(self.func, "__name__", "")

    def anew(self, args: tuple[Any, ...], func: Any = None) -> Call:
        """The call as it would be with other arguments, of its own function or of another that takes those alone."""
        if func is not None:
            return Call(func, args, None, self._where, self.grad, None, self.order, False)
        return Call(self.func, args, self.kwargs, self._where, self.grad, None, self.order, self.fields)

    @property
    def where(self) -> Frames:
        return tuple(zip(self._where[::2], self._where[1::2], strict=True))


class Pass:
    """One call of `backward()`: the value it started from, the gradient it was given, and the user's own functions it went through."""

    __slots__ = ("custom", "gradient", "root")

    def __init__(self, root: Value, gradient: Value | None, custom: Sequence[Function] = ()) -> None:
        self.root, self.gradient, self.custom = root, gradient, custom

    def reaches(self, value: Value) -> bool:
        """Whether the pass went through a value."""
        return reaches(self.root, value)

    def reached(self, leaf: torch.Tensor) -> bool:
        """Whether the pass went to a parameter as it was before it was stepped."""
        return any(there.stepped is not None and there.owner is leaf for there in _behind(self.root))


def reaches(root: Value, value: Value) -> bool:
    """Whether `root` is a value, or made of it."""
    return any(there is value for there in _behind(root))


def _behind(root: Value) -> Iterator[Value]:
    stack, seen = [root], {root}
    while stack:
        there = stack.pop()
        yield there
        fresh = [read for read in reads(there.call) if read not in seen] if there.call is not None else []
        seen.update(fresh)
        stack += fresh


def reads(call: Call) -> Iterator[Value]:
    """Yield the values a call was given, as often as it was given them."""
    yield from _values(call.args)
    yield from _values(call.kwargs or {})


def _values(given: Any) -> Iterator[Value]:
    if isinstance(given, Value):
        yield given
    elif isinstance(given, tuple | list):
        for each in given:
            yield from _values(each)
    elif isinstance(given, dict):
        yield from _values(list(given.values()))
    elif isinstance(given, slice):
        yield from _values([given.start, given.stop, given.step])
