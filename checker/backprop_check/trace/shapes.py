"""The axes of every value of a forward, by name."""

from __future__ import annotations

import torch

from backprop_check.exercise.shapes import NUMBER, written_shapes
from backprop_check.exercise.sizes import axes
from backprop_check.trace.graph import Graph


def named_shapes(graph: Graph) -> dict[str, str]:
    """Return each name's axes, `(N, C)`, or `NUMBER`: as the exercise writes them, else as runs at every choice of sizes show them."""
    written = written_shapes(graph.exercise)
    return written if set(written) == set(graph.exercise.names) else traced_shapes(graph) | written


def traced_shapes(graph: Graph) -> dict[str, str]:
    """Run the forward at every choice of sizes, and name the axes of what comes out."""
    runs = []
    for sizes in graph.sizes:
        with graph.at(sizes):
            runs.append(graph.forward(graph.inputs(sizes, 0)))
    return {
        name: axes([tuple(run[name].shape) for run in runs], graph.sizes) if isinstance(runs[0][name], torch.Tensor) else NUMBER
        for name in graph.exercise.names
    }
