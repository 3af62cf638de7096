"""A function of the user's with another `numpy` in its globals, by which the arrays that it makes are recorded too."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from backprop_check.pairs.arrays import Array, tensor_of
from backprop_check.pairs.numpy_functions import carried_out


def _floats(kind: Any) -> bool:
    return kind is None or np.dtype(kind).kind == "f"


def _made(numpys: Callable[..., Any], torchs: Callable[..., torch.Tensor]) -> Callable[..., Any]:
    def made(shape: Any, *args: Any, dtype: Any = None, **kwargs: Any) -> Any:
        if not _floats(dtype) or kwargs or (args and numpys is not np.full):
            return numpys(shape, *args, **kwargs) if dtype is None else numpys(shape, *args, dtype=dtype, **kwargs)
        sizes = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
        return Array(torchs(sizes, *args, dtype=torch.float64))

    return made


def _alike(name: str) -> Callable[..., Any]:
    numpys = getattr(np, name)

    def alike(x: Any, *args: Any, **kwargs: Any) -> Any:
        there = tensor_of(x)
        if not isinstance(there, torch.Tensor) or not there.is_floating_point() or not _floats(kwargs.get("dtype")):
            return numpys(x, *args, **kwargs)
        return carried_out(numpys, (Array(there), *args), kwargs)

    return alike


def _array(name: str) -> Callable[..., Any]:
    numpys = getattr(np, name)

    def array(x: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(x, Array) or (isinstance(x, list | tuple) and x and all(isinstance(each, Array) for each in x)):
            return carried_out(numpys, (x,), {})
        return numpys(x, *args, **kwargs)

    return array


def _counted(*args: Any, **kwargs: Any) -> Any:
    plain = len(args) == 1 and not kwargs and isinstance(args[0], int)
    return Array(torch.arange(args[0])) if plain else np.arange(*args, **kwargs)


OWN: Mapping[str, Callable[..., Any]] = {
    "zeros": _made(np.zeros, torch.zeros), "ones": _made(np.ones, torch.ones), "empty": _made(np.empty, torch.zeros),
    "full": _made(np.full, torch.full), **{name: _alike(name) for name in ("zeros_like", "ones_like", "empty_like", "full_like")},
    "arange": _counted, **{name: _array(name) for name in ("array", "asarray", "ascontiguousarray")},
}  # fmt: skip


class NumPy(types.ModuleType):
    """`numpy`, with the functions that make arrays in the place of its own."""

    def __getattr__(self, name: str) -> Any:
        return OWN[name] if name in OWN else getattr(np, name)


NUMPY = NumPy("numpy")


def recorded(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function with our `numpy` in its globals, and in those of the functions beside it."""
    if isinstance(function, types.MethodType):
        return types.MethodType(recorded(function.__func__), function.__self__)
    if not isinstance(function, types.FunctionType):
        return function
    own = function.__globals__
    there: dict[str, Any] = {}
    for name, value in own.items():
        if value is np:
            value = NUMPY
        elif isinstance(value, types.FunctionType) and value.__globals__ is own:
            value = _bound(value, there)
        elif getattr(value, "__module__", None) == "numpy":
            name_there = getattr(value, "__name__", "")
            value = OWN[name_there] if name_there in OWN and getattr(np, name_there) is value else value
        there[name] = value
    return _bound(function, there)


def _bound(function: types.FunctionType, names: dict[str, Any]) -> types.FunctionType:
    bound = types.FunctionType(function.__code__, names, function.__name__, function.__defaults__, function.__closure__)
    bound.__kwdefaults__ = function.__kwdefaults__
    bound.__dict__.update(function.__dict__)
    return bound
