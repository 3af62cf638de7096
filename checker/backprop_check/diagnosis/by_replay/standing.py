"""Where an operation of the forward stands at a tie: two of its operands are equal, or one is at a bend."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from backprop_check.diagnosis.by_replay.replay import downstream
from backprop_check.diagnosis.case import Case
from backprop_check.records import Line, Run
from backprop_check.trace.oracle import in_float64

_BENDS = {
    "relu": (0.0,), "abs": (0.0,), "absolute": (0.0,), "leaky_relu": (0.0,), "prelu": (0.0,), "elu": (0.0,), "celu": (0.0,), "selu": (0.0,),
    "sign": (0.0,), "relu6": (0.0, 6.0), "hardtanh": (-1.0, 1.0), "hardsigmoid": (-3.0, 3.0), "hardswish": (-3.0, 3.0),
}  # fmt: skip
"""Where functions of one operand bend, unless they are given other bounds."""

_BOUNDED = {"clamp", "clip", "clamp_min", "clamp_max", "hardtanh", "threshold"}
_PAIRED = {"maximum", "minimum", "fmax", "fmin", "max", "min", "gt", "ge", "lt", "le", "greater", "less", "l1_loss"}
_AMONG = {
    "max", "min", "amax", "amin", "topk", "sort", "msort", "median", "nanmedian", "kthvalue", "cummax", "cummin", "aminmax",
    "max_pool1d", "max_pool2d", "max_pool3d", "adaptive_max_pool1d", "adaptive_max_pool2d",
}  # fmt: skip
"""What compares an operand with bounds, two operands with each other, and the numbers of one operand among themselves."""


def tied(case: Case, run: Run, stops: frozenset[str]) -> list[tuple[Line, torch.Tensor]]:
    """For each line from the node to `stops` that stands at a tie: which elements of the node move what is tied there."""
    values = in_float64(run.trial.values)
    leaf = values[case.node].clone().requires_grad_()
    values[case.node] = leaf
    code = {line.name: compiled for line, compiled in case.graph.code}
    found = []
    with torch.enable_grad():
        for line in downstream(case, stops):
            watch = _Watch()
            with watch:
                values[line.name] = eval(code[line.name], {**case.graph.scope, **values})
            moved = torch.zeros_like(leaf, dtype=torch.bool)
            for operand, where in watch.found:
                if operand.requires_grad:
                    weights = torch.where(where, torch.rand(where.shape, dtype=operand.dtype) + 0.5, 0.0)
                    (back,) = torch.autograd.grad((operand * weights).sum(), [leaf], retain_graph=True, allow_unused=True)
                    moved |= torch.zeros_like(moved) if back is None else back != 0
            if bool(moved.any()):
                found.append((line, moved))
    return found


class _Watch(TorchFunctionMode):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[torch.Tensor, torch.Tensor]] = []

    def __torch_function__(self, function: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if args and isinstance(args[0], torch.Tensor) and args[0].is_floating_point():
            name = getattr(function, "__name__", "").strip("_")
            self.found += [(operand, where) for operand, where in _ties(name, args, kwargs) if bool(where.any())]
        return function(*args, **kwargs)


def _ties(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    x, given = args[0].detach(), [*args[1:], *kwargs.values()]
    other = next((a for a in given if isinstance(a, torch.Tensor)), None)
    if name in _PAIRED and (other is not None or name in ("gt", "ge", "lt", "le")):
        equal = x == (other.detach() if other is not None else given[0])
        for operand in (args[0], other):
            if isinstance(operand, torch.Tensor) and operand.is_floating_point():
                yield operand, equal.double().sum_to_size(operand.shape) > 0
    elif name in _AMONG:
        _, place, times = x.unique(return_inverse=True, return_counts=True)
        yield args[0], times[place] > 1
    bounds = [b for b in given if isinstance(b, torch.Tensor | int | float) and not isinstance(b, bool)] if name in _BOUNDED else []
    for bound in bounds or _BENDS.get(name, ()):
        yield args[0], (x == bound).expand(x.shape)
