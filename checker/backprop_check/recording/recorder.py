"""The recorder: every torch call of the user's code, with what it was given by identity and version, and what it gave."""

from __future__ import annotations

import contextlib
import sys
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from backprop_check.recording.frames import Frames, frames

LONGEST = 20_000
"""How many of the latest calls can be computed again: what is older stands as it is."""

_FEW = 256
"""How long a list of plain numbers may be to be kept."""

_PASSES = 16

_RANDOM = frozenset(
    {"rand", "randn", "randint", "randperm", "rand_like", "randn_like", "randint_like", "normal", "bernoulli", "multinomial", "poisson",
     "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout", "feature_dropout", "gumbel_softmax",
     "rrelu", "scaled_dot_product_attention", "multi_head_attention_forward", "lstm", "gru", "rnn_tanh", "rnn_relu",
     "fractional_max_pool2d", "normal_", "uniform_", "bernoulli_", "random_", "exponential_"}
)  # fmt: skip
"""Functions that may draw random numbers."""

_PLAIN = (int, float, bool, str, type(None), torch.dtype, torch.device, torch.layout, torch.memory_format, range, type(...), complex)


class Value:
    """One tensor as it stood between two writes into it. `call` made it (its result number `index`), None where nobody saw that.

    `written` says that the call wrote it into a tensor that was there. `needs_grad` is the tensor's own at the latest look at it.
    """

    __slots__ = ("_ref", "call", "index", "needs_grad", "version", "written")

    def __init__(self, tensor: torch.Tensor, version: int, call: Call | None, index: int | None = None, written: bool = False) -> None:
        self._ref = weakref.ref(tensor)
        self.version, self.call, self.index, self.written = version, call, index, written
        self.needs_grad = tensor.requires_grad

    def is_of(self, tensor: torch.Tensor) -> bool:
        return self._ref() is tensor

    @property
    def tensor(self) -> torch.Tensor | None:
        """The tensor, while its owner keeps it and nothing was written into it since."""
        found = self._ref()
        if found is None:
            return None
        fix = getattr(found, "_fix_weakref", None)
        if fix is not None:
            fix()
        return found if found._version == self.version else None


class Opaque:
    """Stands for an argument that is not kept."""


class Call:
    """One call: `args` and `kwargs` hold a `Value` for each tensor.

    `where` are the user's frames, `grad` says whether autograd was on, `drawn` is the generator's state before, where it may have drawn.
    `fields` says that it returned `values` and `indices`. `order` counts calls.
    """

    __slots__ = ("__weakref__", "args", "drawn", "fields", "func", "grad", "kwargs", "order", "where")

    def __init__(
        self, func: Any, args: Any, kwargs: Any, where: Frames, grad: bool, drawn: torch.Tensor | None, order: int, fields: bool
    ) -> None:
        self.func, self.args, self.kwargs, self.where = func, args, kwargs, where
        self.grad, self.drawn, self.order, self.fields = grad, drawn, order, fields

    @property
    def name(self) -> str:
        return getattr(self.func, "__name__", "")


class Pass:
    """One call of `backward()`: the value it started from, and the gradient it was given."""

    __slots__ = ("gradient", "order", "root", "where")

    def __init__(self, root: Value, gradient: Value | None, where: Frames, order: int) -> None:
        self.root, self.gradient, self.where, self.order = root, gradient, where, order

    def reaches(self, value: Value) -> bool:
        """Whether the pass went through a value."""
        stack, seen = [self.root], {self.root}
        while stack:
            there = stack.pop()
            if there is value:
                return True
            fresh = [read for read in reads(there.call) if read not in seen] if there.call is not None else []
            seen.update(fresh)
            stack += fresh
        return False


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


class Recorder(TorchFunctionMode):
    """Sees torch calls while it is on. `value_of(tensor)` is the record of a tensor as it stands, `passes` the latest backward passes."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[int, Value] = {}
        self._calls: deque[weakref.ref[Call]] = deque()
        self._room = 1024
        self._order = 0
        self.passes: deque[Pass] = deque(maxlen=_PASSES)

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        name = getattr(func, "__name__", "")
        if name in _SILENT or (name == "__get__" and func.__self__.__name__ not in _PROPERTIES):
            return func(*args, **kwargs) if kwargs else func(*args)
        touched: list[tuple[torch.Tensor, Value]] = []
        try:
            kept = tuple([self._kept(each, touched) for each in args])
            named = {key: self._kept(each, touched) for key, each in kwargs.items()} if kwargs else None
            drawn = torch.get_rng_state() if name in _RANDOM else None
        except Exception:  # what cannot be recorded must run all the same
            return func(*args, **kwargs) if kwargs else func(*args)
        if name == "backward" and touched:
            self._passed(touched, kept, named or {}, sys._getframe(1))
        grad = torch.is_grad_enabled()
        out = func(*args, **kwargs) if kwargs else func(*args)
        with contextlib.suppress(Exception):  # as above: a tensor of another kind has no version, no view, no memory
            self._made(func, kept, named, touched, out, grad, drawn, sys._getframe(1))
        return out

    def value_of(self, tensor: torch.Tensor) -> Value:
        """Return the record of a tensor as it stands now."""
        key, version = id(tensor), tensor._version
        known = self._known.get(key)
        if known is not None and known._ref() is tensor:
            if known.version == version:
                if known.needs_grad is not tensor.requires_grad:
                    known = self._asked(tensor, known)
                return known
            known = self._seen_again(tensor, known, version)
        else:
            known = Value(tensor, version, None)
        self._known[key] = known
        return known

    def _asked(self, tensor: torch.Tensor, known: Value) -> Value:
        """A tensor that became a leaf for autograd stands for itself; another that needs a gradient now came out of a custom function."""
        if tensor.is_leaf:
            known = self._known[id(tensor)] = Value(tensor, known.version, None)
        known.needs_grad = tensor.requires_grad
        return known

    def _seen_again(self, tensor: torch.Tensor, known: Value, version: int) -> Value:
        """A tensor that was written into through another: where it is a view, what made it makes it again from its base as that is now."""
        base, call = tensor._base, known.call
        if (
            base is None
            or call is None
            or known.written
            or not call.args
            or not isinstance(call.args[0], Value)
            or not call.args[0].is_of(base)
        ):
            return Value(tensor, version, None)
        args = (self.value_of(base), *call.args[1:])
        return Value(tensor, version, Call(call.func, args, call.kwargs, call.where, call.grad, None, call.order, call.fields), known.index)

    def _kept(self, given: Any, touched: list[tuple[torch.Tensor, Value]]) -> Any:
        if isinstance(given, torch.Tensor):
            value = self.value_of(given)
            touched.append((given, value))
            return value
        if isinstance(given, _PLAIN):
            return given
        if isinstance(given, tuple | list):
            return type(given)([self._kept(each, touched) for each in given]) if _is_short(given) else Opaque()
        if isinstance(given, slice):
            return slice(self._kept(given.start, touched), self._kept(given.stop, touched), self._kept(given.step, touched))
        return Opaque()

    def _made(
        self, func: Any, args: Any, kwargs: Any, touched: list[tuple[torch.Tensor, Value]], out: Any, grad: bool, drawn: Any, frame: Any
    ) -> None:
        known = self._known
        written = [(tensor, value) for tensor, value in touched if tensor._version != value.version]
        kind = type(out)
        results: Any
        if isinstance(out, torch.Tensor):
            results = ((None, out),)
        elif isinstance(out, tuple | list):
            results = tuple([(number, each) for number, each in enumerate(out) if isinstance(each, torch.Tensor)])
        elif not written:
            return
        else:
            results = ()
        fresh = []
        for number, tensor in results:
            there = known.get(id(tensor))
            if there is None or there._ref() is not tensor:
                fresh.append((number, tensor))
        if not fresh and not written:
            return
        self._order += 1
        fields = kind.__module__ == "torch.return_types" and hasattr(kind, "indices")
        call = Call(func, args, kwargs, frames(frame), grad, drawn, self._order, fields)
        for number, tensor in fresh:
            made = known[id(tensor)] = Value(tensor, tensor._version, call, number)
            base = tensor._base
            if (
                made.needs_grad and tensor.is_leaf and (base is None or not base.requires_grad)
            ):  # a leaf's view is one, where autograd is off
                made.call = None  # for autograd a beginning, whatever made its numbers
        first = args[0] if args else None
        for tensor, value in written:
            self._written(tensor, value, call if value is first or (kwargs and value is kwargs.get("out")) else None)
        calls = self._calls
        calls.append(weakref.ref(call))
        if len(calls) > LONGEST:
            self._forget()
        if len(known) > self._room:
            self._sweep()

    def _written(self, tensor: torch.Tensor, before: Value, call: Call | None) -> None:
        """A write gives a tensor's next value, and its base's too where it is a view. A parameter that is stepped starts anew."""
        own = None if tensor.requires_grad and tensor.is_leaf else call
        new = self._known[id(tensor)] = Value(tensor, tensor._version, own, None, written=True)
        base, made = tensor._base, before.call
        if base is not None:
            there = self._known.get(id(base))
            if call is None or there is None or there._ref() is not base or made is None or made.args[:1] != (there,):
                return
            if made.name != "__getitem__":
                return
            into = Call(torch.Tensor.__setitem__, (there, made.args[1], new), None, call.where, call.grad, None, call.order, False)
            self._known[id(base)] = Value(base, base._version, into, None, written=True)
        elif made is not None and made.name == "__get__" and made.args and isinstance(made.args[0], Value):  # of `.data`: no version tells
            owner = made.args[0]._ref()
            if owner is not None and owner.data_ptr() == tensor.data_ptr():
                there = self.value_of(owner)
                there.version = -1
                self._known[id(owner)] = Value(owner, owner._version, None)

    def _passed(self, touched: list[tuple[torch.Tensor, Value]], args: Any, kwargs: Mapping[str, Any], frame: Any) -> None:
        gradient = args[1] if len(args) > 1 else kwargs.get("gradient")
        where = frames(frame)
        self.passes.append(Pass(touched[0][1], gradient if isinstance(gradient, Value) else None, where, self._order))

    def _forget(self) -> None:
        oldest = self._calls.popleft()()
        if oldest is not None:
            oldest.args, oldest.kwargs = (Opaque(),), None

    def _sweep(self) -> None:
        self._known = {key: value for key, value in self._known.items() if value._ref() is not None}
        self._room = 2 * len(self._known) + 1024


def _is_short(given: tuple[Any, ...] | list[Any]) -> bool:
    return len(given) <= _FEW


_SILENT = frozenset(
    {"size", "dim", "numel", "stride", "__len__", "item", "tolist", "numpy", "is_floating_point", "is_complex", "is_contiguous",
     "data_ptr", "storage", "untyped_storage", "__bool__", "__float__", "__int__", "__index__", "__repr__", "__format__", "__hash__",
     "__contains__", "_set_grad_enabled", "element_size", "ndimension", "retain_grad", "register_hook", "requires_grad_", "get_device",
     "is_set_to", "allclose", "equal", "is_nonzero"}
)  # fmt: skip
"""Functions that make no tensor: they are passed on at once."""

_PROPERTIES = frozenset(("T", "mT", "H", "mH", "real", "imag", "data"))

_active: Recorder | None = None
_latest: Recorder | None = None


def active() -> Recorder | None:
    """The recorder that is on, None where none is."""
    return _active


def latest() -> Recorder | None:
    """The recorder that is on or was last: what it saw stays known."""
    return _latest


def start() -> Recorder:
    """Turn a recorder on for good, as a notebook does; one that is on stays."""
    global _active, _latest
    if _active is None:
        _active = _latest = Recorder()
        _active.__enter__()  # type: ignore[no-untyped-call]
    return _active


@contextlib.contextmanager
def recording() -> Iterator[Recorder]:
    """Record the torch calls of the block. Within another recording the same recorder goes on; what it saw stays known after the block."""
    global _active, _latest
    if _active is not None:
        yield _active
        return
    recorder = _active = _latest = Recorder()
    try:
        with recorder:
            yield recorder
    finally:
        _active = None


def record(function: Callable[..., Any], *inputs: Any, **named: Any) -> tuple[Any, Recorder]:
    """Call `function` under a recorder; return what it returned, and the recorder."""
    with recording() as recorder:
        return function(*inputs, **named), recorder
