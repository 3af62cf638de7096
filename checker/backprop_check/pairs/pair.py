"""A forward and its backward as one thing: what runs them, whatever they are made of."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch

from backprop_check.pairs.calling import Called
from backprop_check.recording.frames import Place


@dataclass(frozen=True)
class Ran:
    """A forward that ran: its `outputs`, those that have a gradient, what its backward needs of it (`state`), and how it was called."""

    called: Called
    outputs: tuple[torch.Tensor, ...]
    state: Any = None


@dataclass(frozen=True)
class Back:
    """A backward that ran: by the position of the input its gradient (None: none was given), and the expression that stands for it.

    `fault` says why the gradients could not be told apart. Of `constant` inputs no gradient is meant: what a dict of settings holds.
    """

    called: Called
    gradients: Mapping[int, Any] = field(default_factory=dict)
    names: Mapping[int, str] = field(default_factory=dict)
    fault: str = ""
    constant: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Fault:
    """A sentence or two, and where in the user's source."""

    error: str
    note: str = ""
    help: str = ""
    place: Place | None = None


class Pair(Protocol):
    """`name` is what the user calls it; `backward_function` has the lines that are explained. `sums` says that who calls it sums up."""

    name: str
    parameters: tuple[str, ...]
    forward_function: Callable[..., Any]
    backward_function: Callable[..., Any]
    backward_name: str
    numpy: bool
    sums: bool

    def forward(self, inputs: Sequence[Any], needs: tuple[bool, ...]) -> Ran:
        """Run the forward where it can be recorded."""

    def backward(self, ran: Ran, gradients: Sequence[torch.Tensor]) -> Back:
        """Run the backward on what the forward left."""

    def unrecorded(self, failed: bool) -> Pair | None:
        """Return the pair as it runs unrecorded, where recording was in its way: it `failed`, or did what cannot be followed."""

    def again(
        self, inputs: Sequence[Any], needs: tuple[bool, ...], gradients: Sequence[torch.Tensor]
    ) -> Callable[[Callable[..., Any]], Back]:
        """Return what runs another backward, unrecorded, after one run of the forward."""

    def value(self, inputs: Sequence[Any]) -> tuple[torch.Tensor, ...] | None:
        """Return what the forward gives, run as the user runs it; None where it raises."""


def is_float(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.is_floating_point()


def is_numpy(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray)
