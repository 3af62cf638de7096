"""Replay a misconception: run the forward below one node again, changed, and let autograd produce the exact wrong answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import CodeType
from typing import Any

import torch

from backprop_check.derivation.trees import lenders
from backprop_check.diagnosis.case import Case
from backprop_check.expression.work import REPLAY
from backprop_check.records import Line, Run
from backprop_check.trace.oracle import in_float64

Evaluate = Callable[[Mapping[str, Any]], Any]
Change = Callable[[Line, Evaluate, Mapping[str, Any]], Any]


def downstream(case: Case, stops: frozenset[str]) -> list[Line]:
    """The forward's lines between the case's node and the nodes in `stops`, in order, the stops' own lines included."""
    reached, lines = {case.node}, []
    for line in case.graph.exercise.lines:
        reads = set(line.reads) - lenders(line.source)
        if any(name in reached and (name not in stops or name == case.node) for name in reads):
            reached.add(line.name)
            lines.append(line)
    return lines


def cut(case: Case) -> frozenset[str]:
    """The nodes at which the answer takes up its upstream: those whose gradients it reads, and the consumers no such node screens."""
    trial = case.verdict.runs[0].trial
    read = frozenset(name[1:] for name in case.reads if name in trial.gradients)
    stops = set(read)
    for line in case.consumers:
        below = {line.name}
        for later in case.graph.exercise.lines:
            if any(n in below for n in later.reads):
                below.add(later.name)
        if not below & read:
            stops.add(line.name)
    return frozenset(stops)


def gradient(
    case: Case, run: Run, stops: frozenset[str], cotangents: Mapping[str, torch.Tensor] | None = None, change: Change | None = None
) -> torch.Tensor:
    """Return the gradient of the case's node through the lines up to `stops`.

    The stops receive `cotangents` (default: the oracle's). `change(line, evaluate, values)` may put another value in a line's place;
    `evaluate(names)` computes the line on other names. Raises `Spent` where replays have cost what they may.
    """
    case.replaying()
    trial = run.trial
    values = in_float64(trial.values)
    leaf = values[case.node].clone().requires_grad_()
    values[case.node] = leaf
    code = {line.name: compiled for line, compiled in case.graph.code}
    total = leaf.new_zeros(())

    def _evaluate(compiled: CodeType, names: Mapping[str, Any]) -> Any:
        return eval(compiled, {**case.graph.scope, **names})

    with torch.enable_grad():
        for line in downstream(case, stops):
            value = _evaluate(code[line.name], values)
            case.work.count(value, times=REPLAY)
            if change is not None and isinstance(value, torch.Tensor):
                value = change(line, lambda names, c=code[line.name]: _evaluate(c, names), values)  # type: ignore[misc]
            if line.name in stops and isinstance(value, torch.Tensor):
                weight = trial.gradients["d" + line.name] if cotangents is None else cotangents[line.name]
                total = total + (value * weight).sum()
                values[line.name] = value.detach()
            else:
                values[line.name] = value
        if not total.requires_grad:
            return torch.zeros_like(leaf)
        (found,) = torch.autograd.grad(total, [leaf], allow_unused=True)
    return torch.zeros_like(leaf) if found is None else found


def passed_through(at: Line, operand: str) -> Change:
    """A change that takes the derivative of one line with respect to one operand as 1. Values and other operands' derivatives stay."""

    def change(line: Line, evaluate: Evaluate, values: Mapping[str, Any]) -> Any:
        if line is not at:
            return evaluate(values)
        others = evaluate({**values, operand: values[operand].detach()})
        straight = values[operand].expand(others.shape)
        return others + straight - straight.detach()

    return change


def applied(case: Case, run: Run, line: Line) -> tuple[torch.Tensor, torch.Tensor]:
    """The node as a leaf, and the line computed on it."""
    case.replaying()
    values = in_float64(run.trial.values)
    leaf = values[case.node].clone().requires_grad_()
    values[case.node] = leaf
    code = {at.name: code for at, code in case.graph.code}
    with torch.enable_grad():
        for at in downstream(case, frozenset({line.name})):
            values[at.name] = eval(code[at.name], {**case.graph.scope, **values})
            case.work.count(values[at.name], times=REPLAY)
            if at.name == line.name:
                break
    return leaf, values[line.name]


def jacobian(leaf: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """The Jacobian of the flattened tensors: a row for each element of the result."""
    if not value.requires_grad:  # `zeros_like(x)` reads x for its shape
        return torch.zeros(value.numel(), leaf.numel(), dtype=leaf.dtype)
    # Row by row, and of scalars: to do it in one go, or given `grad_outputs`, torch loads sympy, which costs far more than this.
    return torch.stack([torch.autograd.grad(one, [leaf], retain_graph=True)[0].flatten() for one in value.flatten()])


def diagonal_along(leaf: torch.Tensor, value: torch.Tensor, axis: int) -> torch.Tensor:
    """The diagonal of the Jacobian of an operation that works within one axis."""
    if not value.requires_grad:
        return torch.zeros_like(value)
    found = []
    for i in range(value.shape[axis]):
        (row,) = torch.autograd.grad(value.select(axis, i).sum(), [leaf], retain_graph=True)
        found.append(row.select(axis, i))
    return torch.stack(found, axis)
