"""The recorder: every torch call of the user's code, with what it was given by identity and version, and what it gave."""

from __future__ import annotations

import contextlib
import sys
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from backprop_check.recording.frames import Frames, frames, is_optimizer

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


_ATOMS = frozenset({int, float, bool, str, type(None), torch.dtype, torch.device})


class Value(weakref.ref[torch.Tensor]):
    """One tensor as it stood between two writes into it. `call` made it (its result number `index`), None where nobody saw that.

    `written` says that the call wrote it into a tensor that was there. `needs_grad` is the tensor's own at the latest look at it. It is a
    weak reference itself: of the objects made at every call there should be few.
    """

    __slots__ = ("call", "index", "needs_grad", "version", "written")
    __hash__ = object.__hash__
    __eq__ = object.__eq__

    def __new__(cls, tensor: torch.Tensor, *_: Any, **__: Any) -> Value:
        return weakref.ref.__new__(cls, tensor)

    def __init__(self, tensor: torch.Tensor, version: int, call: Call | None, index: int | None = None, written: bool = False) -> None:
        super().__init__(tensor)
        self.version, self.call, self.index, self.written = version, call, index, written
        self.needs_grad = tensor.requires_grad

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


class Opaque:
    """Stands for an argument that is not kept."""


class Call:
    """One call: `args` and `kwargs` hold a `Value` for each tensor.

    `where` are the user's frames (made flat, as `frames` gives them), `grad` says whether autograd was on, `drawn` is the generator's state before, where it may have drawn.
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

    @property
    def where(self) -> Frames:
        return tuple(zip(self._where[::2], self._where[1::2], strict=True))


class Pass:
    """One call of `backward()`: the value it started from, and the gradient it was given."""

    __slots__ = ("gradient", "root")

    def __init__(self, root: Value, gradient: Value | None) -> None:
        self.root, self.gradient = root, gradient

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
        self._room = 1024
        self._order = 0
        self.passes: deque[Pass] = deque(maxlen=_PASSES)

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        name = getattr(func, "__name__", "")
        if name in _SILENT or (name in _ACCESS and func.__self__.__name__ not in _PROPERTIES) or is_optimizer(sys._getframe(1)):
            return func(*args, **kwargs) if kwargs else func(*args)
        touched: list[tuple[torch.Tensor, Value]] = []
        try:
            kept = self._all_kept(args, touched)
            named = dict(zip(kwargs, self._all_kept(tuple(kwargs.values()), touched), strict=True)) if kwargs else None
            drawn = torch.get_rng_state() if name in _RANDOM else None
        except Exception:  # what cannot be recorded must run all the same
            return func(*args, **kwargs) if kwargs else func(*args)
        grad = torch.is_grad_enabled()
        out = func(*args, **kwargs) if kwargs else func(*args)
        try:
            if name == "backward" and touched:
                self._passed(touched, kept, named or {})
            elif name == "__set__":  # `w.data = ...`: other numbers, of which no version tells
                self._replaced(args[0])
            else:
                self._made(func, kept, named, touched, out, grad, drawn)
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
                value = known.get(id(each))
                if value is None or value() is not each or value.version != each._version or value.needs_grad is not each.requires_grad:
                    value = self.value_of(each)
                touched.append((each, value))
                kept.append(value)
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
            or call.args[0]() is not base
        ):
            return Value(tensor, version, None)
        args = (self.value_of(base), *call.args[1:])
        return Value(
            tensor, version, Call(call.func, args, call.kwargs, call._where, call.grad, None, call.order, call.fields), known.index
        )

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

    def _made(self, func: Any, args: Any, kwargs: Any, touched: list[tuple[torch.Tensor, Value]], out: Any, grad: bool, drawn: Any) -> None:
        known, kind = self._known, type(out)
        results: Iterable[tuple[int | None, torch.Tensor]]
        if kind is torch.Tensor or isinstance(out, torch.Tensor):
            there = known.get(id(out))
            results = ((None, out),) if there is None or there() is not out else ()
        elif isinstance(out, tuple | list):
            results = [(number, each) for number, each in enumerate(out) if isinstance(each, torch.Tensor) and not self._is_known(each)]
        else:
            results = ()
        written = [(tensor, value) for tensor, value in touched if tensor._version != value.version]
        if not results and not written:
            return
        self._order += 1
        fields = kind.__module__ == "torch.return_types" and hasattr(kind, "indices")
        call = Call(func, args, kwargs, frames(sys._getframe(2)), grad, drawn, self._order, fields)
        for number, tensor in results:
            made = known[id(tensor)] = Value(tensor, tensor._version, call, number)
            if made.needs_grad and tensor.is_leaf:
                made.call = None  # for autograd a beginning, whatever made its numbers
        for tensor, value in written:
            first = value is args[0] if args else False
            self._written(tensor, value, call if first or (kwargs and value is kwargs.get("out")) else None)
        if not self._order % LONGEST:
            self._forget()
        if len(known) > self._room:
            self._sweep()

    def _is_known(self, tensor: torch.Tensor) -> bool:
        there = self._known.get(id(tensor))
        return there is not None and there() is tensor

    def _written(self, tensor: torch.Tensor, before: Value, call: Call | None) -> None:
        """A write gives a tensor's next value, and its base's too where it is a view. A parameter that is stepped starts anew."""
        own = None if tensor.requires_grad and tensor.is_leaf else call
        new = self._known[id(tensor)] = Value(tensor, tensor._version, own, None, written=True)
        base, made = tensor._base, before.call
        if base is not None:
            there = self._known.get(id(base))
            if call is None or there is None or there() is not base or made is None or made.args[:1] != (there,):
                return
            if made.name != "__getitem__":
                return
            into = Call(torch.Tensor.__setitem__, (there, made.args[1], new), None, call._where, call.grad, None, call.order, False)
            self._known[id(base)] = Value(base, base._version, into, None, written=True)
        elif made is not None and made.name == "__get__" and made.args and isinstance(made.args[0], Value):  # of `.data`: no version tells
            owner = made.args[0]()
            if owner is not None and owner.data_ptr() == tensor.data_ptr():
                self._replaced(owner)

    def _replaced(self, tensor: torch.Tensor) -> None:
        self.value_of(tensor).version = -1
        self._known[id(tensor)] = Value(tensor, tensor._version, None)

    def _passed(self, touched: list[tuple[torch.Tensor, Value]], args: Any, kwargs: Mapping[str, Any]) -> None:
        gradient = args[1] if len(args) > 1 else kwargs.get("gradient")
        self.passes.append(Pass(touched[0][1], gradient if isinstance(gradient, Value) else None))

    def _forget(self) -> None:
        """Let go of what calls were given that are too old: a value that every step of a training loop adds to hangs on all of them."""
        oldest, seen = self._order - LONGEST, set[Call]()
        stack = [value.call for value in [*self._known.values(), *(one.root for one in self.passes)]]
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


def _is_short(given: tuple[Any, ...] | list[Any]) -> bool:
    return len(given) <= _FEW


_SILENT = frozenset(
    {"size", "dim", "numel", "stride", "__len__", "item", "tolist", "numpy", "is_floating_point", "is_complex", "is_contiguous",
     "data_ptr", "storage", "untyped_storage", "__bool__", "__float__", "__int__", "__index__", "__repr__", "__format__", "__hash__",
     "__contains__", "_set_grad_enabled", "element_size", "ndimension", "retain_grad", "register_hook", "requires_grad_", "get_device",
     "is_set_to", "allclose", "equal", "is_nonzero"}
)  # fmt: skip
"""Functions that make no tensor: they are passed on at once."""

_ACCESS = ("__get__", "__set__")
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
