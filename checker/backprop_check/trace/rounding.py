"""What float32 may cost an answer: the rounding of its own terms, and that of the values it was given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from backprop_check.records import Line
from backprop_check.trace.graph import Graph

ROUNDING = 2.0**-24
"""The relative error of one number rounded to float32."""

OWN, GIVEN, MOST = 32 * ROUNDING, 8, 80 * ROUNDING
"""What an answer may be off, by its scale: so much by its own rounding, so many times what the rounding of the forward's values makes of
autograd's gradient, and never more than the last, 4.8e-6.

The course's solutions, run in float32, are off by 6 roundings at most (948 gradients, 12 trials each; half of them by less than one), and
the rounding of the forward alone moves autograd's by 4. Where a variance near 1 stands below a root, leaving out an eps of 1e-5 costs 80
roundings at the root and 250 in the gradient of the variance.
"""


def allowed(
    graph: Graph, trial_values: Mapping[str, Any], gradients: Mapping[str, torch.Tensor], scales: Mapping[str, float]
) -> dict[str, float]:
    """Return what max|Δ| / scale may be for each gradient of a trial that runs in float32.

    `trial_values` are the forward's in float32, and autograd's gradient is taken again with every one of its lines rounded so.
    """
    given = {name: _leaf(trial_values[name]) for name in graph.exercise.inputs}
    with torch.enable_grad():
        values = graph.forward(given, _rounded)
        output = values[graph.exercise.output]
        loss = (output * gradients["d" + graph.exercise.output]).sum()
    names = [name for name, value in values.items() if isinstance(value, torch.Tensor) and value.requires_grad]
    found = torch.autograd.grad(loss, [values[name] for name in names], allow_unused=True)
    spread = {"d" + name: _largest(g - gradients["d" + name]) for name, g in zip(names, found, strict=True) if g is not None}
    return {name: min(MOST, OWN + GIVEN * spread.get(name, 0.0) / scale) if scale else OWN for name, scale in scales.items()}


def _leaf(value: Any) -> Any:
    floating = isinstance(value, torch.Tensor) and value.is_floating_point()
    return value.to(torch.float64).requires_grad_() if floating else value


def _rounded(line: Line, value: Any, values: Mapping[str, Any]) -> Any:
    """The value in float32, with the derivative that it had."""
    if not (isinstance(value, torch.Tensor) and value.requires_grad):
        return value
    exact = value.detach()
    return value + (exact.to(torch.float32).to(torch.float64) - exact)


def _largest(difference: torch.Tensor) -> float:
    finite = difference[torch.isfinite(difference)]
    return float(finite.abs().max()) if finite.numel() else 0.0
