"""NumPy's universal functions as torch calls."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import torch

from backprop_check.pairs.arrays import Array, array_of, left_out, plain_of, tensor_of


def _larger(one: Any, other: Any) -> Any:
    """A plain number is a bound, as a learner of torch writes it."""
    if not isinstance(one, torch.Tensor):
        return other.clamp(min=one)
    return torch.maximum(one, other) if isinstance(other, torch.Tensor) else one.clamp(min=other)


def _smaller(one: Any, other: Any) -> Any:
    if not isinstance(one, torch.Tensor):
        return other.clamp(max=one)
    return torch.minimum(one, other) if isinstance(other, torch.Tensor) else one.clamp(max=other)


UFUNCS: Mapping[str, Callable[..., Any]] = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv, "true_divide": operator.truediv,
    "power": operator.pow, "float_power": operator.pow, "floor_divide": operator.floordiv, "remainder": operator.mod,
    "matmul": operator.matmul, "negative": operator.neg, "positive": lambda x: x, "absolute": torch.abs, "fabs": torch.abs,
    "exp": torch.exp, "log": torch.log, "log2": torch.log2, "log10": torch.log10, "log1p": torch.log1p, "expm1": torch.expm1,
    "sqrt": torch.sqrt, "square": lambda x: x**2, "reciprocal": lambda x: 1 / x, "tanh": torch.tanh, "sin": torch.sin, "cos": torch.cos,
    "tan": torch.tan, "sinh": torch.sinh, "cosh": torch.cosh, "arctan": torch.atan, "sign": torch.sign, "floor": torch.floor,
    "ceil": torch.ceil, "rint": torch.round, "maximum": _larger, "minimum": _smaller, "fmax": _larger, "fmin": _smaller,
    "greater": operator.gt, "greater_equal": operator.ge, "less": operator.lt, "less_equal": operator.le, "equal": operator.eq,
    "not_equal": operator.ne, "logical_not": torch.logical_not, "logical_and": torch.logical_and, "logical_or": torch.logical_or,
    "bitwise_and": operator.and_, "bitwise_or": operator.or_, "invert": operator.invert, "isnan": torch.isnan, "isfinite": torch.isfinite,
    "logaddexp": torch.logaddexp, "cbrt": lambda x: torch.sign(x) * torch.abs(x) ** (1 / 3),
}  # fmt: skip

_IN_PLACE: Mapping[str, Callable[..., Any]] = {
    "add": operator.iadd, "subtract": operator.isub, "multiply": operator.imul, "divide": operator.itruediv,
    "true_divide": operator.itruediv, "power": operator.ipow,
}  # fmt: skip


def carried_out(ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What NumPy asks an array of ours for: the result of a universal function."""
    outs, name = kwargs.pop("out", None), ufunc.__name__
    kwargs.pop("dtype", None)
    given = [tensor_of(each) for each in inputs]
    if method == "at" and name in ("add", "subtract") and len(given) == 3:
        into, index, values = given
        index = index if isinstance(index, tuple) else (index,)
        index = tuple(torch.as_tensor(each) if isinstance(each, int | list) else each for each in index)
        values = torch.as_tensor(values, dtype=into.dtype)
        into.index_put_(index, values if name == "add" else -values, accumulate=True)
        return None
    if method == "reduce" and name in ("add", "maximum", "minimum", "multiply"):
        from backprop_check.pairs.numpy_functions import METHODS

        axis, keep = kwargs.get("axis", 0), kwargs.get("keepdims", False)
        found = METHODS[{"add": "sum", "maximum": "max", "minimum": "min", "multiply": "prod"}[name]](given[0], axis=axis, keepdims=keep)
        return array_of(found)
    if method != "__call__" or kwargs or name not in UFUNCS:
        left_out.append(name)
        plain = getattr(ufunc, method)(*[plain_of(each) for each in inputs], **kwargs)
        if outs is not None and isinstance(outs[0], Array):
            outs[0][...] = plain
            return outs[0]
        return plain
    if outs is not None and isinstance(outs[0], Array):
        into = outs[0].tensor
        if name in _IN_PLACE and inputs[0] is outs[0]:
            _IN_PLACE[name](into, given[1])
        else:
            into.copy_(UFUNCS[name](*given))
        return outs[0]
    if name not in ("matmul",) and any(isinstance(each, list | tuple) for each in given):
        given = [torch.as_tensor(each) if isinstance(each, list | tuple) else each for each in given]
    return array_of(UFUNCS[name](*given))
