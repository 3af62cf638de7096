"""An array that NumPy's functions take, and that carries them out as torch calls: so a recorder sees them."""

from __future__ import annotations

import operator
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch

_given: dict[int, tuple[Any, torch.Tensor]] = {}
"""By identity, the plain arrays that met one of ours, with the tensors that stand for them."""

left_out: list[str] = []
"""Functions that have no torch call here: they were carried out on plain arrays, and nothing is recorded of that."""


def forget() -> None:
    _given.clear()
    left_out.clear()


def tensor_of(value: Any) -> Any:
    """Return what stands for a value in torch: of ours its tensor, of a plain array one that shares its memory, of others themselves."""
    if isinstance(value, Array):
        return value.tensor
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        known = _given.get(id(value))
        if known is None:
            shared = value.flags.writeable and min(value.strides, default=0) >= 0
            known = _given[id(value)] = value, torch.from_numpy(value if shared else value.copy())
        return known[1]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, tuple | list):
        return type(value)([tensor_of(each) for each in value])
    if isinstance(value, dict):
        return {key: tensor_of(each) for key, each in value.items()}
    if isinstance(value, slice):
        return slice(tensor_of(value.start), tensor_of(value.stop), tensor_of(value.step))
    return value


def held(value: Any) -> Any:
    """An object as a name space of what it holds, with tensors for arrays."""
    return types.SimpleNamespace(**{name: tensor_of(each) for name, each in vars(value).items()}) if hasattr(value, "__dict__") else value


def as_tensor(value: Any) -> Any:
    """Return the tensor of an array's numbers, in tuples, lists and dicts too; anything else as it is."""
    if type(value) in (tuple, list):
        return type(value)([as_tensor(each) for each in value])
    if type(value) is dict:
        return {key: as_tensor(each) for key, each in value.items()}
    if isinstance(value, np.floating):
        return float(value)
    return torch.from_numpy(np.array(value)) if isinstance(value, np.ndarray) and value.dtype.kind in "fiub" else value


def array_of(value: Any) -> Any:
    """Wrap tensors, in tuples and lists too."""
    if isinstance(value, torch.Tensor):
        return Array(value)
    if isinstance(value, tuple | list):
        return type(value)([array_of(each) for each in value]) if type(value) in (tuple, list) else tuple(array_of(each) for each in value)
    return value


def ours(value: Any) -> Any:
    """Arrays of ours for the plain ones that a cache holds."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        return Array(tensor_of(value))
    if type(value) in (tuple, list):
        return type(value)([ours(each) for each in value])
    return {key: ours(each) for key, each in value.items()} if type(value) is dict else value


def plain_of(value: Any) -> Any:
    """Return the numbers alone, as NumPy has them."""
    if isinstance(value, Array):
        value = value.tensor
    if isinstance(value, torch.Tensor):
        return value.detach().cpu().numpy().copy()
    if isinstance(value, tuple | list):
        return type(value)([plain_of(each) for each in value])
    if isinstance(value, dict):
        return {key: plain_of(each) for key, each in value.items()}
    return value


class Array(np.lib.mixins.NDArrayOperatorsMixin):
    """`tensor` in the clothes of an array."""

    __array_priority__ = 1000.0
    __hash__ = object.__hash__

    def __init__(self, tensor: torch.Tensor) -> None:
        self.tensor = tensor

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        from backprop_check.pairs.ufuncs import carried_out

        return carried_out(ufunc, method, inputs, kwargs)

    def __array_function__(self, func: Callable[..., Any], types: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        from backprop_check.pairs.numpy_functions import carried_out

        return carried_out(func, args, dict(kwargs))

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        left_out.append("__array__")
        return np.asarray(plain_of(self), dtype=dtype)

    def __getattr__(self, name: str) -> Any:
        from backprop_check.pairs.numpy_functions import METHODS

        if name.startswith("_") or name not in METHODS:
            raise AttributeError(f"'numpy.ndarray' object has no attribute '{name}'")
        return lambda *args, **kwargs: array_of(METHODS[name](self.tensor, *tensor_of(args), **kwargs))

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.tensor.shape)

    @property
    def ndim(self) -> int:
        return self.tensor.dim()

    @property
    def size(self) -> int:
        return self.tensor.numel()

    @property
    def dtype(self) -> Any:
        return np.dtype(str(self.tensor.dtype).removeprefix("torch."))

    @property
    def T(self) -> Array:
        return Array(self.tensor.T if self.tensor.dim() == 2 else self.tensor.permute(*reversed(range(self.tensor.dim()))))

    @property
    def flat(self) -> Array:
        return Array(self.tensor.reshape(-1))

    def __getitem__(self, index: Any) -> Any:
        return Array(self.tensor[tensor_of(index)])

    def __setitem__(self, index: Any, value: Any) -> None:
        self.tensor[tensor_of(index)] = tensor_of(value)

    def __len__(self) -> int:
        return len(self.tensor)

    def __iter__(self) -> Iterator[Any]:
        return (Array(self.tensor[number]) for number in range(len(self.tensor)))

    def __float__(self) -> float:
        return float(self.tensor)

    def __int__(self) -> int:
        return int(self.tensor)

    def __index__(self) -> int:
        return operator.index(self.tensor)

    def __bool__(self) -> bool:
        return bool(self.tensor)

    def __repr__(self) -> str:
        return repr(plain_of(self))

    def __format__(self, spec: str) -> str:
        return format(plain_of(self)[()], spec)

    def __copy__(self) -> Array:
        return Array(self.tensor.clone())

    def __deepcopy__(self, memo: Any) -> Array:
        return Array(self.tensor.clone())
