"""A function that returns a value and its gradient (`loss, dx = f(x, y)`), as a pair: one run is its forward and its backward."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import torch

from backprop_check.pairs.cached import Cached
from backprop_check.pairs.layout import Layout
from backprop_check.pairs.pair import Back, Ran


class Valued(Cached):
    """The value comes first in what `function` returns, its gradients after it, or in a dict."""

    def __init__(self, function: Callable[..., Any], numpy: bool, layout: Layout) -> None:
        super().__init__(function, function, numpy, layout)

    def _parted(self, result: Any, args: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        return [result[0]] if isinstance(result, tuple) and len(result) > 1 else [], []

    def backward(self, ran: Ran, gradients: Sequence[torch.Tensor]) -> Back:
        return self._back(ran.called, ran.state[1], 1)

    def again(
        self, inputs: Sequence[Any], needs: tuple[bool, ...], gradients: Sequence[torch.Tensor]
    ) -> Callable[[Callable[..., Any]], Back]:
        due = self.value(inputs)

        def runs(function: Callable[..., Any]) -> Back:
            other = copy.copy(self)
            other.recorded, other.forward_function, other.backward_function = False, function, function
            ran = other.forward(inputs, needs)
            same = due is not None and len(ran.outputs) == 1 and torch.allclose(ran.outputs[0], due[0])
            return other.backward(ran, gradients) if same else Back(ran.called)

        return runs
