"""How large a gradient's terms are before they cancel: the yardstick of the tolerance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch.autograd.function import BackwardCFunction

SIGNS = 8

EXACT = 1e-9
"""What `max|Δ| / scale` may be in float64."""
SLIGHT = 1e-8
"""What torch's slope of a softplus may be off by: more is left out where an author lowers the threshold, and is that author's function."""

_APART = (
    "Abs Add Amax Amin Cat Clone Cos Diagonal Div Erf Exp Expm1 Gelu LeakyRelu Log Log1P MaskedFill Max Maximum Mean Min Minimum Mul Neg "
    "Permute Pow Reciprocal Relu Rsqrt Select Sigmoid Silu Sin Slice Softplus Sqrt Squeeze Stack Sub Sum T Tanh Transpose UnsafeView "
    "Unsqueeze View Where"
)
_SECOND = "Clamp Max Mean Min Rsub Squeeze Sum"
APART = frozenset({*(f"{name}Backward0" for name in _APART.split()), *(f"{name}Backward1" for name in _SECOND.split())})
"""Nodes of autograd each of whose answers depends on one number of what arrives: whatever the signs, its square is the same."""


def term_scales(outputs: Sequence[tuple[torch.Tensor, torch.Tensor]], nodes: Mapping[str, torch.Tensor], seed: int) -> dict[str, float]:
    """Return the largest element of S for each node, where S(output) = |cotangent| and S(x)^2 = sum over the consumers y of x of the mean
    over `SIGNS` random signs of vjp(±S(y))^2 (design, section 3).

    Consumers are autograd's own graph nodes, so a cancellation inside one line of a forward (a softmax that is then summed) is seen too.
    The random signs are what keeps two large terms that cancel in the gradient from cancelling here.
    """
    generator = torch.Generator().manual_seed(seed)
    squares: dict[Any, dict[int, torch.Tensor]] = {}
    for tensor, cotangent in outputs:
        _add(squares, _edge(tensor), _square(cotangent))
    with torch.no_grad():
        for function in _consumers_first([_edge(tensor)[0] for tensor, _ in outputs]):
            received = squares.get(function)
            if received is None or not function.next_functions:
                continue
            for k, mean in _mean_squares(function, {i: s.sqrt() for i, s in received.items()}, generator).items():
                _add(squares, function.next_functions[k], mean * _left_out(function) ** 2)
    found = {}
    for name, node in nodes.items():
        function, index = _edge(node)
        square = squares.get(function, {}).get(index)
        finite = square[torch.isfinite(square)] if square is not None else None
        found[name] = finite.max().sqrt().item() if finite is not None and finite.numel() else 0.0
    return found


def _left_out(function: Any) -> torch.Tensor | float:
    """By how much the terms of a softplus count for more: by what torch leaves out where its input is above a threshold, 20.

    The slope is 1 there, though sigmoid(20.1) is 1 - 1.9e-9: an answer that takes the sigmoid is as right as autograd.
    """
    if function.name() != "SoftplusBackward0":
        return 1.0
    steep = function._saved_beta * function._saved_self.detach()
    off: torch.Tensor = torch.exp(-steep) * (steep > function._saved_threshold)
    return 1.0 + off * (off < SLIGHT) / EXACT


def _mean_squares(function: Any, roots: Mapping[int, torch.Tensor], generator: torch.Generator) -> dict[int, torch.Tensor]:
    """For each of a node's `next_functions` the mean, over random signs of `roots`, of what it is sent, squared."""
    signs = {i: torch.randint(0, 2, (SIGNS, *root.shape), generator=generator) * 2 - 1 for i, root in roots.items()}
    if function.name() in APART and (found := _apart(function, roots, signs)) is not None:
        return found
    totals: dict[int, torch.Tensor] = {}
    drawn = {i: _of_its_dtype(function, i, root * signs[i]) for i, root in roots.items()}
    for n in range(SIGNS):
        for k, g, shape in _asked(function, {i: each[n] for i, each in drawn.items()}):
            squared = _square(g if g.shape == shape else g.sum_to_size(shape))
            totals[k] = totals[k] + squared if k in totals else squared
    return {k: total / SIGNS for k, total in totals.items()}


def _apart(function: Any, roots: Mapping[int, torch.Tensor], signs: Mapping[int, torch.Tensor]) -> dict[int, torch.Tensor] | None:
    """The same of a node of `APART`, asked once: signs matter only where numbers are summed since an operand was broadcast.

    None where it cannot be told which of the signs belongs to which number of an answer.
    """
    found = {}
    for k, g, shape in _asked(function, {i: _of_its_dtype(function, i, root) for i, root in roots.items()}):
        if g.shape == shape:
            found[k] = _square(g)
        elif len(roots) == 1 and g.shape == roots[0].shape:
            stretched = (SIGNS, *[1] * (g.dim() - len(shape)), *shape)
            found[k] = _square((g * signs[0]).sum_to_size(stretched)).mean(0).reshape(shape)
        else:
            return None
    return found


def _asked(function: Any, received: Mapping[int, torch.Tensor]) -> Iterator[tuple[int, torch.Tensor, tuple[int, ...]]]:
    """Yield what a node sends where, and in what shape it is wanted there."""
    for k, g in enumerate(_sent(function, [received.get(i) for i in range(_arity(function, received))])):
        if g is not None and function.next_functions[k][0] is not None:
            yield k, g, _shape(*function.next_functions[k])


def _edge(tensor: torch.Tensor) -> tuple[Any, int]:
    edge = torch.autograd.graph.get_gradient_edge(tensor)
    return edge.node, edge.output_nr


def _add(squares: dict[Any, dict[int, torch.Tensor]], edge: tuple[Any, int], square: torch.Tensor) -> None:
    received = squares.setdefault(edge[0], {})
    received[edge[1]] = received[edge[1]] + square if edge[1] in received else square


def _square(gradient: torch.Tensor) -> torch.Tensor:
    """Its squared sizes; within a line, gradients may be complex, sparse or of a lower precision."""
    dense = gradient.to_dense() if gradient.layout != torch.strided else gradient
    return (dense.abs() if dense.is_complex() else dense).to(torch.float64).square()


def _of_its_dtype(function: Any, index: int, root: torch.Tensor) -> torch.Tensor:
    known = function._input_metadata
    return root.to(known[index].dtype if index < len(known) else root.dtype)


def _sent(function: Any, received: Sequence[torch.Tensor | None]) -> tuple[torch.Tensor | None, ...]:
    """What a node of autograd's graph sends to each of its `next_functions`."""
    python: bool = isinstance(function, BackwardCFunction)
    if not python:
        sent = function(*received)
        return sent if isinstance(sent, tuple) else (sent,)
    # A `torch.autograd.Function`: its `backward` wants every gradient, and answers for every argument, tensor or not.
    whole = [torch.zeros(m.shape, dtype=m.dtype) if g is None else g for g, m in zip(received, function._input_metadata, strict=True)]
    answered = function.apply(*whole)
    answered = answered if isinstance(answered, tuple) else (answered,)
    wanted = iter([g for g, needed in zip(answered, function.needs_input_grad, strict=False) if needed])
    return tuple(None if following is None else next(wanted, None) for following, _ in function.next_functions)


def _arity(function: Any, roots: Mapping[int, torch.Tensor]) -> int:
    return max(len(function._input_metadata), max(roots) + 1)


def _shape(function: Any, index: int) -> tuple[int, ...]:
    # Autograd's engine sums a broadcast operand's gradient after the function has run; called by hand, that is left to us.
    return tuple(function._input_metadata[index].shape)


def _consumers_first(roots: Sequence[Any]) -> list[Any]:
    order: list[Any] = []
    seen: set[Any] = set()
    stack = [(root, False) for root in roots]
    while stack:
        function, done = stack.pop()
        if done:
            order.append(function)
        elif function not in seen:
            seen.add(function)
            stack.append((function, True))
            stack.extend((f, False) for f, _ in function.next_functions if f is not None)
    return order[::-1]
