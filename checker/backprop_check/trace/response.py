"""How the result of one line moves with one element of a node: the chain rule's other half, in numbers."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from backprop_check.records import Line, Trial
from backprop_check.trace.graph import Graph, default_dtype
from backprop_check.trace.oracle import in_float64


def response(graph: Graph, trial: Trial, line: Line, node: str, at: Sequence[int]) -> torch.Tensor:
    """Return the slopes of every element of the line's result with respect to the element `at` of `node`, in the result's shape.

    They are autograd's, so what is detached does not count.
    """
    leaf, result = _run(graph, trial, line, node)
    with torch.enable_grad(), default_dtype(torch.float64):
        # A vjp is linear in its cotangent: differentiated by that, it gives a column of the Jacobian.
        weights = torch.zeros_like(result, requires_grad=True)
        if not result.requires_grad:
            return weights.detach()
        (back,) = torch.autograd.grad((result * weights).sum(), leaf, create_graph=True, allow_unused=True)
        if back is None or not back.requires_grad:
            return torch.zeros_like(result)
        (slopes,) = torch.autograd.grad(back[tuple(at)], weights, allow_unused=True)
    return torch.zeros_like(result) if slopes is None else slopes.detach()


def responds(graph: Graph, trial: Trial, line: Line, node: str) -> bool:
    """Return whether autograd goes back from the line's result to `node` at all."""
    return _run(graph, trial, line, node)[1].requires_grad


def moves(graph: Graph, trial: Trial, line: Line, node: str) -> bool:
    """Return whether the line's result moves with any element of `node`, by autograd."""
    leaf, result = _run(graph, trial, line, node)
    if not result.requires_grad:
        return False
    (back,) = torch.autograd.grad(result, leaf, torch.arange(1.0, result.numel() + 1).to(result).view_as(result), allow_unused=True)
    return back is not None and bool(back.any())


def _run(graph: Graph, trial: Trial, line: Line, node: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Run one line with `node` a leaf, and return that and the result."""
    values = in_float64(trial.values)
    leaf = values[node].detach().clone().requires_grad_()
    code = next(compiled for known, compiled in graph.code if known == line)
    with torch.enable_grad(), default_dtype(torch.float64):
        return leaf, eval(code, {**graph.scope, **values, node: leaf})
