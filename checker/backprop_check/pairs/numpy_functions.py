"""NumPy's functions, and the methods of its arrays, as torch calls: in the forms that a learner of torch writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from backprop_check.pairs.arrays import array_of, left_out, plain_of, tensor_of

Maker = Callable[..., Any]


def _reduced(name: str) -> Maker:
    """A method that takes `axis` and `keepdims`; over all without. What is no part of the numbers (`dtype=`, `out=None`) is passed over."""

    def reduced(x: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False, **more: Any) -> Any:
        method = getattr(x, name)
        options = {"correction": more["ddof"]} if "ddof" in more else {"correction": 0} if name in ("var", "std") else {}
        if axis is None:
            return method(**options) if not keepdims else method(tuple(range(x.dim())), keepdim=True, **options)
        return method(axis, keepdim=True, **options) if keepdims else method(axis, **options)

    return reduced


def _product(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return x.prod() if axis is None else x.prod(axis, keepdim=keepdims)


def _largest(name: str) -> Maker:
    def largest(x: Any, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        if axis is None:
            return getattr(x, name)() if not keepdims else getattr(x, "a" + name)(keepdim=True)
        if isinstance(axis, tuple):
            return getattr(x, "a" + name)(axis, keepdim=keepdims)
        return (getattr(x, name)(axis, keepdim=True) if keepdims else getattr(x, name)(axis)).values

    return largest


def _place(name: str) -> Maker:
    return lambda x, axis=None, keepdims=False: getattr(x, name)() if axis is None else getattr(x, name)(axis, keepdim=keepdims)


def _shaped(x: Any, *shape: Any, order: str = "C", **more: Any) -> Any:
    sizes = more.get("shape", more.get("newshape", shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape))
    return x.reshape(*sizes) if isinstance(sizes, tuple | list) else x.reshape(sizes)


def _turned(x: Any, *axes: Any, **more: Any) -> Any:
    given = more.get("axes", axes[0] if len(axes) == 1 and isinstance(axes[0], tuple | list | None) else axes)
    if not given:
        return x.T if x.dim() == 2 else x.permute(*reversed(range(x.dim())))
    return x.permute(*given)


def dot(x: Any, y: Any) -> Any:
    if not (isinstance(x, torch.Tensor) and isinstance(y, torch.Tensor)) or not x.dim() or not y.dim():
        return x * y
    return x @ y if y.dim() <= 2 else torch.tensordot(x, y, dims=([-1], [-2]))


def _cast(x: Any, kind: Any, **_: Any) -> Any:
    wanted = np.dtype(kind)
    if wanted.kind == "f":
        return x.double() if not x.is_floating_point() else x.clone()
    return x.bool() if wanted.kind == "b" else x.long()


def _padded(x: Any, width: Any, mode: str = "constant", constant_values: Any = 0) -> Any:
    pairs = np.broadcast_to(np.asarray(width), (x.dim(), 2)).tolist()
    first = next((axis for axis, pair in enumerate(pairs) if pair != [0, 0]), 0)
    flat = [end for pair in reversed(pairs[first:]) for end in pair]
    if mode != "constant":
        raise NotImplementedError
    return F.pad(x, tuple(flat), value=constant_values) if constant_values else F.pad(x, tuple(flat))


def _clipped(x: Any, low: Any = None, high: Any = None, **more: Any) -> Any:
    low, high = more.get("a_min", more.get("min", low)), more.get("a_max", more.get("max", high))
    return x.clamp(**{key: each for key, each in (("min", low), ("max", high)) if each is not None})


def _repeated(x: Any, times: Any, axis: Any = None) -> Any:
    return x.reshape(-1).repeat_interleave(times) if axis is None else x.repeat_interleave(times, axis)


def _filled(x: Any, value: Any) -> None:
    x.fill_(value)


METHODS: Mapping[str, Maker] = {
    "sum": _reduced("sum"), "mean": _reduced("mean"), "var": _reduced("var"), "std": _reduced("std"), "prod": _product,
    "max": _largest("max"), "min": _largest("min"), "argmax": _place("argmax"), "argmin": _place("argmin"), "reshape": _shaped,
    "transpose": _turned, "dot": dot, "copy": lambda x, *_, **__: x.clone(), "astype": _cast, "flatten": lambda x: x.reshape(-1),
    "ravel": lambda x: x.reshape(-1), "squeeze": lambda x, axis=None: x.squeeze() if axis is None else x.squeeze(axis),
    "swapaxes": lambda x, a, b: x.transpose(a, b), "clip": _clipped, "repeat": _repeated, "fill": _filled,
    "cumsum": lambda x, axis=None: x.reshape(-1).cumsum(0) if axis is None else x.cumsum(axis), "item": lambda x: x.item(),
    "tolist": lambda x: x.tolist(), "any": lambda x, axis=None: x.any() if axis is None else x.any(axis),
    "all": lambda x, axis=None: x.all() if axis is None else x.all(axis), "trace": lambda x: x.trace(),
    "diagonal": lambda x: x.diagonal(), "round": lambda x, *_: x.round(), "view": lambda x, *_: x,
}  # fmt: skip

FUNCTIONS: Mapping[str, Maker] = {
    **{name: METHODS[name] for name in ("sum", "mean", "var", "std", "prod", "max", "min", "argmax", "argmin", "reshape", "transpose",
       "dot", "copy", "ravel", "squeeze", "swapaxes", "clip", "repeat", "cumsum", "any", "all", "trace", "diagonal")},
    "amax": METHODS["max"], "amin": METHODS["min"], "astype": _cast, "pad": _padded,
    "outer": lambda x, y: torch.outer(x.reshape(-1), y.reshape(-1)),
    "concatenate": lambda parts, axis=0: torch.cat(tuple(parts), axis), "stack": lambda parts, axis=0: torch.stack(tuple(parts), axis),
    "vstack": lambda parts: torch.cat(tuple(parts), 0) if parts[0].dim() > 1 else torch.stack(tuple(parts)),
    "hstack": lambda parts: torch.cat(tuple(parts), 1 if parts[0].dim() > 1 else 0),
    "column_stack": lambda parts: torch.column_stack(tuple(parts)), "where": lambda c, *two: torch.where(c, *two),
    "einsum": lambda text, *parts, optimize=None: torch.einsum(text.replace(" ", ""), *parts),
    "tensordot": lambda x, y, axes=2: torch.tensordot(x, y, dims=axes), "inner": lambda x, y: x @ y.T if y.dim() > 1 else x @ y,
    "expand_dims": lambda x, axis: x.unsqueeze(axis), "moveaxis": lambda x, a, b: x.movedim(a, b),
    "broadcast_to": lambda x, shape: x.expand(*shape) if isinstance(shape, tuple | list) else x.expand(shape),
    "split": lambda x, n, axis=0: x.chunk(n, axis) if isinstance(n, int) else torch.tensor_split(x, n, axis),
    "array_split": lambda x, n, axis=0: torch.tensor_split(x, n, axis), "hsplit": lambda x, n: x.chunk(n, 1 if x.dim() > 1 else 0),
    "flip": lambda x, axis=None: x.flip(tuple(range(x.dim())) if axis is None else axis), "roll": lambda x, by, axis=None: x.roll(by, axis),
    "tile": lambda x, times: x.repeat(*((times,) if isinstance(times, int) else times)),
    "triu": lambda x, k=0: x.triu(k), "tril": lambda x, k=0: x.tril(k),
    "diag": lambda x, k=0: torch.diag(x, k), "zeros_like": lambda x, **_: torch.zeros_like(x),
    "ones_like": lambda x, **_: torch.ones_like(x),
    "empty_like": lambda x, **_: torch.zeros_like(x), "full_like": lambda x, value, **_: torch.full_like(x, value),
    "take_along_axis": lambda x, index, axis: x.gather(axis, index), "linalg.inv": lambda x: torch.linalg.inv(x),
    "norm": lambda x, axis=None, keepdims=False: x.norm() if axis is None else x.norm(dim=axis, keepdim=keepdims),
    "array": lambda parts, **_: torch.stack(tuple(parts)) if isinstance(parts, list | tuple) else parts.clone(),
    "asarray": lambda x, **_: x, "ascontiguousarray": lambda x, **_: x, "nan_to_num": lambda x, **_: torch.nan_to_num(x),
}  # fmt: skip

_SHAPES: Mapping[str, Maker] = {"shape": lambda x: tuple(x.shape), "ndim": lambda x: x.dim(), "size": lambda x, axis=None: x.numel()}


def carried_out(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What NumPy asks an array of ours for: the result of a function."""
    name = func.__name__
    if name in _SHAPES:
        return _SHAPES[name](*tensor_of(args), **kwargs)
    made = FUNCTIONS.get(name)
    if made is not None:
        try:
            return array_of(made(*tensor_of(args), **{key: tensor_of(each) for key, each in kwargs.items() if each is not None}))
        except (NotImplementedError, TypeError):
            pass
    left_out.append(name)
    return func(*plain_of(args), **plain_of(kwargs))
