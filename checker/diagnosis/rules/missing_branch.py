"""missing-branch: the value is used more than once, and a use is left out of its gradient.

Family: Branches and accumulation
Forward: s = c.sum(1, keepdim=True); p = c / s
Shapes: c (N, C)
Inputs: torch.rand + 0.5
Wrong: ds = -(c * dp / s**2).sum(1, keepdim=True); dc = dp / s
Right: ds = -(c * dp / s**2).sum(1, keepdim=True); dc = dp / s + torch.ones_like(c) * ds

Why:
A value that is used in two places moves the loss along two paths. Each path sends its own gradient back, and the
gradient of the value is their sum. The direct use is easy to see; the one through a sum, a mean or a maximum is easy
to forget.

Read more: Karpathy, "Becoming a Backprop Ninja", dcounts and dlogits.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import torch

from checker.derivation.derive import Underivable, derive
from checker.diagnosis.case import Case
from checker.diagnosis.paths import Path, kept, paths
from checker.diagnosis.replay import Evaluate, cut, downstream, gradient
from checker.records import Diagnosis, Line


def find(case: Case) -> Diagnosis | None:
    """Proven by the paths: autograd's gradient through some of the uses alone is the learner's answer."""
    if not case.everywhere or any(a.shape != o.shape for a, o in zip(case.answers, case.oracles, strict=True)):
        return None
    found = paths(case)
    some = kept(case, found)
    if some is not None:
        return _told(case, some, tuple(path for path in found if path not in some))
    return _below(case) or _one_of_many(case)


def _told(case: Case, some: tuple[Path, ...], lost: tuple[Path, ...]) -> Diagnosis:
    through = " and ".join(path.told for path in some)
    missing = " and ".join(path.told for path in lost)
    uses = " and ".join(dict.fromkeys(f"`{path.line.name} = {path.line.source}`" for path in lost))
    use = "that use sends a gradient back too" if len(lost) == 1 else "those uses send gradients back too"
    return _diagnosis(case, through, missing, f"{case.node} is also used in {uses}; {use}.", _fix(case, lost))


def _diagnosis(case: Case, through: str, missing: str, note: str, fix: str | None) -> Diagnosis:
    return Diagnosis(
        code="missing-branch",
        certainty="proven",
        error=f"through {through}: yes; through {missing}: no",
        note=note,
        help=f"Work out what comes back through {missing}, and add it.",
        span=case.span(),
        evidence=f"Autograd's gradient through {through} alone is exactly your answer in every trial.",
        fix=fix,
    )


def _fix(case: Case, lost: tuple[Path, ...]) -> str | None:
    """The learner's expression, and what the derivation says comes back through the lines that were left out."""
    if case.expression is None:
        return None
    try:
        terms = derive(case.graph, case.node, [run.trial for run in case.runs], case.available).terms
    except Underivable:
        return None
    of_lines = [term for term in terms if term.line in [path.line for path in lost]]
    whole = _sum([case.expression, *(term.expression for term in of_lines)])
    return case.fix(whole, *(_sum([case.expression, term.expression]) for term in of_lines))


def _sum(terms: list[ast.expr]) -> ast.expr:
    added = terms[0]
    for term in terms[1:]:
        added = ast.BinOp(added, ast.Add(), term)
    return added


def _below(case: Case) -> Diagnosis | None:
    """A branch further on: autograd's gradient with one use of a later value cut off is the answer."""
    stops = cut(case)
    lines = downstream(case, stops)
    for name, line in _edges(case, lines, stops):
        if case.is_answer([gradient(case, run, stops, change=partial(_cut_off, line, name)) for run in case.runs]):
            others = " and ".join(other.name for other in lines if name in other.reads and other is not line)
            note = f"{case.node} moves {name}, and `{line.name} = {line.source}` uses {name} too; that way sends a gradient back as well."
            return _diagnosis(case, f"{name} and {others}", f"{name} and {line.name}", note, None)
    return None


def _edges(case: Case, lines: list[Line], stops: frozenset[str]) -> Iterator[tuple[str, Line]]:
    """Uses of the values between node and stops that have another use there."""
    for name in [line.name for line in lines if line.name not in stops]:
        users = [line for line in lines if name in line.reads]
        if len(users) > 1:
            yield from ((name, line) for line in users)


def _cut_off(at: Line, name: str, line: Line, evaluate: Evaluate, values: Mapping[str, Any]) -> Any:
    return evaluate({**values, name: values[name].detach()} if line is at else values)


def _one_of_many(case: Case) -> Diagnosis | None:
    """One line uses the node at every step of an axis, and only the first or last of them came back."""
    for line in case.consumers:
        above = [run.trial.gradients["d" + line.name] for run in case.runs]
        for axis in range(above[0].dim() if above[0].dim() > 2 else 0):
            for place in (0, -1):
                only = [{line.name: _only(g, axis, place)} for g in above]
                stops = frozenset({line.name})
                if case.is_answer([gradient(case, run, stops, o) for run, o in zip(case.runs, only, strict=True)]):
                    at = f"{line.name}[{', '.join([':'] * axis + [str(place)])}]"
                    note = f"In `{line.source}` {case.node} is used at every step of axis {axis}; each use sends a gradient back."
                    return _diagnosis(case, at, f"the rest of {line.name}", note, None)
    return None


def _only(above: torch.Tensor, axis: int, place: int) -> torch.Tensor:
    part = torch.zeros_like(above)
    part.select(axis, place).copy_(above.select(axis, place))
    return part
