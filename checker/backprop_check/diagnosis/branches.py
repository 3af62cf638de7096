"""Replay a forward with one branch cut off: a use of a later value, or all but one step of a use that runs along an axis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import combinations
from typing import Any

import torch

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.replay import Evaluate, downstream, gradient
from backprop_check.records import Line, Run

Use = tuple[str, Line]
"""A value, and a line that uses it."""

USES = 12
STEPS = 8


def branch_cut_off(case: Case, stops: frozenset[str]) -> tuple[Use, ...] | None:
    """The one or two uses on the way to `stops` without which autograd gives the answer; one of them is a use of a later value."""
    lines = downstream(case, stops)
    uses = list(_uses(case, lines, stops))[:USES]
    for count in (1, 2):
        for chosen in combinations(uses, count):
            if case.late:
                return None
            if all(name == case.node for name, _ in chosen):
                continue
            if case.is_answer([gradient(case, run, stops, change=partial(_cut_off, chosen)) for run in case.runs]):
                return chosen
    return None


def some_steps(case: Case) -> tuple[Line, int, int, bool] | None:
    """The line, axis and place of the step whose share of the gradient is all of the answer, or all that is missing.

    The last of the four says whether it is missing.
    """
    for line in case.consumers:
        above = [run.trial.gradients["d" + line.name] for run in case.runs]
        for axis in range(above[0].dim() if above[0].dim() > 2 else 0):
            last = min(g.shape[axis] for g in above) - 1
            places = [*range(last), -1] if last < STEPS else [0, -1]
            for place in places:
                alone = [_through(case, run, line, _only(g, axis, place)) for run, g in zip(case.runs, above, strict=True)]
                if place in (0, -1) and _flows(case, alone) and case.is_answer(alone):
                    return line, axis, place, False
                if len(case.consumers) == 1 and case.is_answer([o - a for o, a in zip(case.oracles, alone, strict=True)]):
                    return line, axis, place, True
    return None


def _flows(case: Case, alone: list[torch.Tensor]) -> bool:
    """Whether anything comes back that way at all: where nothing does, zeros are no part of the gradient."""
    return any(float(a.abs().max()) > case.tolerance * scale for a, scale in zip(alone, case.scales, strict=True) if a.numel())


def _through(case: Case, run: Run, line: Line, above: torch.Tensor) -> torch.Tensor:
    return gradient(case, run, frozenset({line.name}), {line.name: above})


def _uses(case: Case, lines: list[Line], stops: frozenset[str]) -> Iterator[Use]:
    """Uses of the node and of the values between it and the stops, of those that have another use there."""
    for name in [case.node, *(line.name for line in lines if line.name not in stops)]:
        users = [line for line in lines if name in line.reads]
        if len(users) > 1:
            yield from ((name, line) for line in users)


def _cut_off(chosen: tuple[Use, ...], line: Line, evaluate: Evaluate, values: Mapping[str, Any]) -> Any:
    return evaluate(
        {**values, **{name: values[name].detach() for name, at in chosen if at is line and isinstance(values[name], torch.Tensor)}}
    )


def _only(above: torch.Tensor, axis: int, place: int) -> torch.Tensor:
    part = torch.zeros_like(above)
    part.select(axis, place).copy_(above.select(axis, place))
    return part
