"""The forward that made some live tensors, with its oracle: rebuilt and differentiated once, while nothing of it changes."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch

from backprop_check.errors import BadInput
from backprop_check.live.caller import Caller
from backprop_check.live.rebuild import Definition, made_of, rebuilt
from backprop_check.live.recorded import LARGEST, LIVE, SINGLE
from backprop_check.records import Trial
from backprop_check.trace.graph import Graph
from backprop_check.trace.oracle import trace

Found = tuple[Graph, Trial]


@dataclass(frozen=True)
class _Remembered:
    """The latest forward: its lines, and what stood behind each name in them: the object (a tensor's is not kept alive) and its version."""

    output: str
    lines: tuple[tuple[str, str], ...]
    values: Mapping[str, tuple[Callable[[], Any], int]]
    found: Found | None

    def is_still(self, output: str, lines: tuple[tuple[str, str], ...], values: Mapping[str, Any]) -> bool:
        if (output, lines, self.values.keys()) != (self.output, self.lines, values.keys()):
            return False
        return all(
            value is known() and version == _version(value)
            for value, (known, version) in zip(values.values(), self.values.values(), strict=True)
        )


_latest: _Remembered | None = None


def forward(caller: Caller, output: str, known: Mapping[str, Definition], node: str) -> Found | None:
    """Return the graph from the leaves to `output` and its trial on the caller's numbers; None where there is none that holds `node`."""
    global _latest
    lines, read = made_of(caller.names, output, known)
    values = {name: caller.names[name] for name in sorted({output, *read} & caller.names.keys())}
    if _latest is None or not _latest.is_still(output, lines, values):
        found = _found(caller, output, known)
        tensors = [value for value in values.values() if isinstance(value, torch.Tensor)]
        known_values = {name: (_reference(value), _version(value)) for name, value in values.items()}
        _latest = _Remembered(output, lines, known_values, found) if sum(t.numel() for t in tensors) <= LARGEST else None
    else:
        found = _latest.found
    return found if found is not None and "d" + node in found[1].gradients else None


def _found(caller: Caller, output: str, known: Mapping[str, Definition]) -> Found | None:
    graph = rebuilt(caller, output, known)
    trial = _traced(graph) if graph is not None else None
    return (graph, trial) if graph is not None and trial is not None else None


def _traced(graph: Graph) -> Trial | None:
    try:
        trial = trace(graph, LIVE, {})
        return replace(trial, rounding=dict.fromkeys(trial.gradients, SINGLE))
    except (BadInput, RuntimeError):
        return None


def _reference(value: Any) -> Callable[[], Any]:
    return weakref.ref(value) if isinstance(value, torch.Tensor) else lambda: value


def _version(value: Any) -> int:
    return value._version if isinstance(value, torch.Tensor) else 0
