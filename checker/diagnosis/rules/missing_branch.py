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
from collections.abc import Mapping
from itertools import combinations

import torch

from checker.diagnosis.case import Case
from checker.diagnosis.counterfactual import below, replays, severed
from checker.diagnosis.edits import names_used, parts
from checker.diagnosis.replay import gradient
from checker.records import Diagnosis, Line

FORKED = 10


def find(case: Case) -> Diagnosis | None:
    """Proven by the paths: autograd's gradient through some of the uses alone is the learner's answer."""
    users = list(case.consumers)
    if not case.everywhere:
        return None
    if len(users) < 2:
        return _further_down(case)
    paths = {line.name: _path(case, line) for line in users}
    for count in range(1, len(users)):
        for kept in combinations(users, count):
            total = [sum((paths[line.name][i] for line in kept), torch.zeros_like(o)) for i, o in enumerate(case.oracles)]
            if case.is_answer(total):
                return _told(case, kept, tuple(line for line in users if line not in kept))
    return _further_down(case)


def _further_down(case: Case) -> Diagnosis | None:
    """Proven by replay: with one or two uses of a value further down, or within one line, cut off, autograd gives the answer."""
    reached, uses = {case.node}, []
    for line, tree in below(case):
        uses += [(line, tree, name) for name in names_used(tree) if name.id in reached and name not in _squared(tree)]
        reached.add(line.name)
    forked = [use for use in uses if sum(other[2].id == use[2].id for other in uses) > 1]
    if len(forked) > FORKED or _proportional(case):
        return None
    for count in (1, 2):
        for cut_off in combinations(forked, count):
            if replays(case, severed(case, cut_off)):
                return _cut_off(case, [(line, name.id) for line, _, name in cut_off])
    return None


def _squared(tree: ast.expr) -> list[ast.AST]:
    """What stands on both sides of a product with itself: there a use too few is a factor 2 too few."""
    same = [p for p in parts(tree) if isinstance(p, ast.BinOp) and isinstance(p.op, ast.Mult) and ast.dump(p.left) == ast.dump(p.right)]
    return [node for product in same for node in ast.walk(product)]


def _proportional(case: Case) -> bool:
    """Whether the answer is right but for one factor: then that is what is to be said."""
    ratios = [(o / a).flatten() for a, o in zip(case.answers, case.oracles, strict=True) if a.shape == o.shape]
    return all(torch.allclose(r, r[:1].expand(r.shape), rtol=1e-9, equal_nan=True) for r in ratios)


def _cut_off(case: Case, lost: list[tuple[Line, str]]) -> Diagnosis:
    uses = " and ".join(f"{name} in `{line.name} = {ast.unparse(ast.parse(line.source))}`" for line, name in lost)
    through = " and ".join(dict.fromkeys(line.name for line, _ in lost))
    return Diagnosis(
        code="missing-branch",
        certainty="proven",
        error=f"a path through {through} is missing",
        note=f"{case.node} moves the loss along several paths; nothing comes back through the use of {uses}.",
        help=f"Follow every path from {case.node} to the end, work out what comes back through {through}, and add it.",
        span=case.span(),
        evidence=f"With that use cut off, autograd gives exactly your answer in every trial ({uses}).",
    )


def _path(case: Case, line: Line) -> list[torch.Tensor]:
    """The part of the gradient that comes back through one use: that line alone, with the oracle's gradient arriving at it."""
    return [
        gradient(case, run, frozenset({user.name for user in case.consumers}), _only(case, line, run.trial.gradients)) for run in case.runs
    ]


def _only(case: Case, line: Line, gradients: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {u.name: gradients["d" + u.name] if u is line else torch.zeros_like(gradients["d" + u.name]) for u in case.consumers}


def _told(case: Case, kept: tuple[Line, ...], lost: tuple[Line, ...]) -> Diagnosis:
    through = " and ".join(line.name for line in kept)
    missing = " and ".join(line.name for line in lost)
    uses = " and ".join(f"`{line.name} = {line.source}`" for line in lost)
    return Diagnosis(
        code="missing-branch",
        certainty="proven",
        error=f"through {through}: yes; through {missing}: no",
        note=f"{case.node} is also used in {uses}; that use sends a gradient back too.",
        help=f"Work out what comes back through {missing}, and add it.",
        span=case.span(),
        evidence=f"Autograd's gradient through {through} alone is exactly your answer in every trial.",
    )
