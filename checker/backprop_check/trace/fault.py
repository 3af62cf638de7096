"""Find the line of a forward that autograd cannot differentiate, or that draws at random."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from backprop_check.records import Line
from backprop_check.trace.author import first_line
from backprop_check.trace.graph import Graph


def undifferentiable(graph: Graph, nodes: Mapping[str, torch.Tensor], error: BaseException) -> str:
    """Say which line autograd could not go back through: it fails from the line's own value to one that it reads."""
    exercise = graph.exercise
    for line in reversed(exercise.lines):
        for name in line.reads:
            if line.name in nodes and name in nodes and _fails(nodes[line.name], nodes[name]):
                where = f"{exercise.path}:{line.number}"
                return f"{where}: autograd cannot differentiate this line ({first_line(error)}): write it with other operations."
    return f"{exercise.path}: autograd cannot differentiate the forward ({first_line(error)}): write it with other operations."


def draws(graph: Graph, arguments: Mapping[str, Any]) -> str:
    """Say which line draws random numbers."""
    found: list[int] = []
    state = [torch.get_rng_state()]

    def drew(line: Line, value: Any, _: Mapping[str, Any]) -> Any:
        state.append(torch.get_rng_state())
        if not torch.equal(state[-1], state[-2]):
            found.append(line.number)
        return value

    graph.forward(arguments, drew)
    where = f"{graph.exercise.path}:{found[0]}" if found else str(graph.exercise.path)
    return f"{where}: the forward draws random numbers, which `backward` could not know: draw them in `inputs` and make them an argument."


def _fails(result: torch.Tensor, node: torch.Tensor) -> bool:
    try:
        torch.autograd.grad(result.sum(), node, allow_unused=True, retain_graph=True)
    except BaseException:
        return True
    return False
