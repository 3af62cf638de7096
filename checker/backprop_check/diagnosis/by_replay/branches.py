"""Replay a forward with one branch cut off: a use of a later value, or all but one step of a use that runs along an axis."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import NamedTuple

import torch

from backprop_check.diagnosis.by_replay.counterfactual import written_as
from backprop_check.diagnosis.by_replay.paths import named, ordinal
from backprop_check.diagnosis.by_replay.replay import Change, downstream, gradient
from backprop_check.diagnosis.case import Case
from backprop_check.expression.rewrites import put
from backprop_check.records import Line, Run


class Use(NamedTuple):
    """A value, and a line that uses it; where it stands there several times and one of them is meant, which."""

    name: str
    line: Line
    place: int | None = None

    @property
    def told(self) -> str:
        """How a sentence names it: `p`, or `the 2nd use in p`."""
        return self.line.name if self.place is None else f"the {ordinal(self.place)} use in {self.line.name}"


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
            if all(use.name == case.node for use in chosen):
                continue
            if _are_left_out(case, stops, chosen):
                return chosen if not any(_are_left_out(case, stops, others) for others in _alike(chosen, uses)) else None
    return None


def _are_left_out(case: Case, stops: frozenset[str], chosen: tuple[Use, ...]) -> bool:
    change = _cut_off(case, chosen)
    return case.is_answer([gradient(case, run, stops, change=change) for run in case.runs])


def _alike(chosen: tuple[Use, ...], uses: list[Use]) -> Iterator[tuple[Use, ...]]:
    """With another place of the same line in the place of one: of `u * u` nobody can tell which use is left out."""
    for use in chosen:
        others = (other for other in uses if use.place is not None and other[:2] == use[:2] and other.place not in (None, use.place))
        yield from (tuple(other if each is use else each for each in chosen) for other in others)


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
            yield from (Use(name, line) for line in users)
        for line in users if name != case.node else ():
            places = len(named(ast.parse(line.source.strip(), mode="eval").body, name))
            yield from (Use(name, line, place) for place in range(places) if places > 1)


def _cut_off(case: Case, chosen: Iterable[Use]) -> Change:
    """A change that lets nothing come back through these uses."""
    changes = {use.line.name: written_as(case, use.line, without(use.line, chosen)) for use in chosen}
    return lambda line, evaluate, values: changes[line.name](line, evaluate, values) if line.name in changes else evaluate(values)


def without(line: Line, chosen: Iterable[Use]) -> ast.expr:
    """The line with these uses of it cut off from what comes back."""
    tree = ast.parse(line.source.strip(), mode="eval").body
    for use in (use for use in chosen if use.line is line):
        for place, name in enumerate(named(tree, use.name)):
            if use.place in (None, place):
                tree = put(tree, name, ast.Call(ast.Attribute(name, "detach", ast.Load()), [], []))
    return tree


def _only(above: torch.Tensor, axis: int, place: int) -> torch.Tensor:
    part = torch.zeros_like(above)
    part.select(axis, place).copy_(above.select(axis, place))
    return part
