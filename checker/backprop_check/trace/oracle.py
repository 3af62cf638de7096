"""Ask torch autograd: every value of the forward, every gradient, and the scale of each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import torch

from backprop_check.errors import BadInput
from backprop_check.exercise.parse import needless_cotangent
from backprop_check.records import Trial
from backprop_check.trace.allowed import allow_nodes, where_named
from backprop_check.trace.author import authors
from backprop_check.trace.fault import draws, undifferentiable
from backprop_check.trace.graph import Graph, one_thread
from backprop_check.trace.rounding import allowed
from backprop_check.trace.scale import term_scales


@one_thread()  # the tensors are small: threads would wait for each other longer than they compute
def trace(
    graph: Graph,
    seed: int,
    sizes: Mapping[str, int],
    dtype: torch.dtype = torch.float64,
    perturb: Iterable[str] = (),
    digits: int | None = None,
) -> Trial:
    """Draw inputs, run the forward and differentiate it.

    Everything is computed in float64; for a float32 trial the inputs are rounded to float32 first and the values given out are float32.
    All tensors that go in or come out are contiguous, as they are in the worker: `view` takes the same ones here and there.
    `perturb` names nodes k to whose gradients a random r_k is added, by adding sum <r_k, node_k> to the loss (design, section 3).
    What arrives at the output has `digits` behind the point, where they are given.
    """
    with graph.at(sizes):
        arguments = {name: _leaf(value, dtype) for name, value in graph.inputs(sizes, seed).items()}
        drawn = torch.get_rng_state()
        with torch.enable_grad():
            values = graph.forward(arguments)
            if not torch.equal(drawn, torch.get_rng_state()):
                raise BadInput(draws(graph, arguments))
    output = values[graph.exercise.output]
    if not (isinstance(output, torch.Tensor) and output.requires_grad):
        where, name = where_named(graph.exercise, graph.exercise.output), graph.exercise.output
        raise BadInput(f"{where}: the forward's output `{name}` depends on no floating input: return one that does.")
    if output.dim() == 0 and graph.exercise.takes_cotangent:
        raise BadInput(needless_cotangent(str(graph.exercise.path), graph.exercise.output))
    nodes = {name: v for name, v in values.items() if isinstance(v, torch.Tensor) and v.requires_grad}
    allow_nodes(graph.exercise, nodes, sizes)
    for target in graph.exercise.targets:
        if target.node not in nodes:
            where, why = f"{graph.exercise.path}:{target.line}", f"`{target.node}` depends on no floating input, so it has no gradient"
            raise BadInput(f"{where}: {why}: take the line `{target.name} = ...` out.")
    generator = torch.Generator().manual_seed(seed + 1)
    cotangent = torch.ones_like(output) if output.dim() == 0 else _drawn(output, dtype, generator)
    if output.dim() and digits is not None:
        cotangent = few_digits(cotangent, digits)
    nudges = {name: _drawn(nodes[name], dtype, generator) for name in sorted(perturb)}
    seeds = [(output, cotangent), *((nodes[name], nudge) for name, nudge in nudges.items())]
    with torch.enable_grad():
        # One scalar and no `grad_outputs`: given those, autograd.grad imports sympy, which costs a third of `import torch`.
        loss = torch.stack([(node * weight).sum() for node, weight in seeds]).sum()
    with authors(graph.exercise.path, otherwise=lambda error: undifferentiable(graph, nodes, error)):
        found = torch.autograd.grad(loss, list(nodes.values()), allow_unused=True, retain_graph=True)
        scales = term_scales(seeds, nodes, seed)
    gradients = {
        "d" + name: (torch.zeros_like(node) if g is None else _dense(g)).contiguous()
        for (name, node), g in zip(nodes.items(), found, strict=True)
    }
    largest = {"d" + name: max(s, _largest(gradients["d" + name])) for name, s in scales.items()}
    given = {name: _give(value, dtype) for name, value in values.items()}
    if output.dim():
        given["d" + graph.exercise.output] = gradients["d" + graph.exercise.output].to(dtype)
    return Trial(
        seed=seed,
        sizes=dict(sizes),
        dtype=dtype,
        values=given,
        gradients=gradients,
        scales=largest,
        perturbed=frozenset(nudges),
        rounding=allowed(graph, given, gradients, largest) if dtype == torch.float32 else {},
    )


def in_float64(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a trial with every float tensor in float64, as gradients are compared."""
    return {k: v.to(torch.float64) if isinstance(v, torch.Tensor) and v.is_floating_point() else v for k, v in values.items()}


def _leaf(value: Any, dtype: torch.dtype) -> Any:
    if not isinstance(value, torch.Tensor):
        return value
    if not value.is_floating_point():
        return value.contiguous()
    return _round(value.detach(), dtype).clone(memory_format=torch.contiguous_format).requires_grad_()


def few_digits(value: torch.Tensor, digits: int) -> torch.Tensor:
    """Return it with so many digits behind the point; what would be 0 hides what it multiplies: it is the smallest there is."""
    rounded = torch.round(value, decimals=digits)
    return torch.where((rounded == 0) & (value != 0), torch.sign(value) * 10.0**-digits, rounded)


def _drawn(like: torch.Tensor, dtype: torch.dtype, generator: torch.Generator) -> torch.Tensor:
    return _round(torch.randn(like.shape, dtype=like.dtype, generator=generator), dtype)


def _round(value: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    return value.to(dtype).to(torch.float64)


def _give(value: Any, dtype: torch.dtype) -> Any:
    if not isinstance(value, torch.Tensor):
        return value
    return (value.detach().to(dtype) if value.is_floating_point() else value).contiguous()


def _dense(gradient: torch.Tensor) -> torch.Tensor:
    return (gradient.to_dense() if gradient.layout != torch.strided else gradient).detach()


def _largest(gradient: torch.Tensor) -> float:
    if gradient.numel() and math.isfinite(most := gradient.abs().max().item()):
        return most
    finite = gradient[torch.isfinite(gradient)]
    return finite.abs().max().item() if finite.numel() else 0.0
