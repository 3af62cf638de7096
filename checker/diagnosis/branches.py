"""Replay a forward with one branch cut off: a use of a later value, or all but one step of a use that runs along an axis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import torch

from checker.diagnosis.case import Case
from checker.diagnosis.replay import Evaluate, cut, downstream, gradient
from checker.records import Line


def branch_cut_off(case: Case) -> tuple[str, Line, str] | None:
    """The use of a later value without which autograd gives the answer: (the value, the line that uses it, its other users)."""
    stops = cut(case)
    lines = downstream(case, stops)
    for name, line in _edges(lines, stops):
        if case.is_answer([gradient(case, run, stops, change=partial(_cut_off, line, name)) for run in case.runs]):
            return name, line, " and ".join(other.name for other in lines if name in other.reads and other is not line)
    return None


def one_step(case: Case) -> tuple[Line, int, str] | None:
    """The line, axis and place (`y[-1]`) of the one step whose share of the gradient is the answer: the first or the last."""
    for line in case.consumers:
        above = [run.trial.gradients["d" + line.name] for run in case.runs]
        for axis in range(above[0].dim() if above[0].dim() > 2 else 0):
            for place in (0, -1):
                only = [{line.name: _only(g, axis, place)} for g in above]
                stops = frozenset({line.name})
                if case.is_answer([gradient(case, run, stops, o) for run, o in zip(case.runs, only, strict=True)]):
                    return line, axis, f"{line.name}[{', '.join([':'] * axis + [str(place)])}]"
    return None


def _edges(lines: list[Line], stops: frozenset[str]) -> Iterator[tuple[str, Line]]:
    """Uses of the values between node and stops that have another use there."""
    for name in [line.name for line in lines if line.name not in stops]:
        users = [line for line in lines if name in line.reads]
        if len(users) > 1:
            yield from ((name, line) for line in users)


def _cut_off(at: Line, name: str, line: Line, evaluate: Evaluate, values: Mapping[str, Any]) -> Any:
    return evaluate({**values, name: values[name].detach()} if line is at else values)


def _only(above: torch.Tensor, axis: int, place: int) -> torch.Tensor:
    part = torch.zeros_like(above)
    part.select(axis, place).copy_(above.select(axis, place))
    return part
