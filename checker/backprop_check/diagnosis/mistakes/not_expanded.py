"""not-expanded: the numbers are right, but were not copied back to every element they came from.

Family: Shape, broadcast, reduction
Forward: s = x.sum(0, keepdim=True)
Shapes: x (N, C)
Wrong: dx = ds
Right: dx = torch.ones_like(x) * ds

Why:
A sum takes many numbers to one, so each of them has the same influence on it, and each gets the same gradient: the
one that arrives, copied along the axis that was summed. The result has the shape of the variable, not that of the
sum.

Read more: the PyTorch documentation, "torch.Tensor.expand".

Question: Yours is {got}, and {node} is {axes}. What does each single number of {node} receive?
"""

from __future__ import annotations

import ast
from functools import partial

import torch

from backprop_check.diagnosis.by_edit.edits import weighed
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import equal
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by copying the answer along the missing axes: it is then the oracle. Or each number of both is the same."""
    if not case.everywhere:
        return None
    return _copied(case) or _of_another_shape(case)


def _copied(case: Case) -> Diagnosis | None:
    if any(a.numel() >= o.numel() for a, o in zip(case.answers, case.oracles, strict=True)):
        return None
    ways = [None, *range(case.answers[0].dim() + 1)]
    for axis in ways:
        if case.mends(partial(_expanded, axis=axis)):
            return _told(case, axis)
    return None


def right_but_for_the_shape(case: Case) -> float | None:
    """The number, at the exercise's own sizes, that the answer and the gradient are everywhere, in every trial, though of another shape."""
    if (
        not case.everywhere
        or weighed(case)
        or any(a.shape == o.shape or not a.numel() for a, o in zip(case.answers, case.oracles, strict=True))
    ):
        return None
    filled = [torch.full_like(o, float(a.flatten()[0])) for a, o in zip(case.answers, case.oracles, strict=True)]
    uniform = all(bool((a == a.flatten()[0]).all()) for a in case.answers)
    return float(filled[0].flatten()[0]) if uniform and case.is_oracle(filled) else None


def _of_another_shape(case: Case) -> Diagnosis | None:
    number = right_but_for_the_shape(case)
    if number is None or all(a.numel() == o.numel() for a, o in zip(case.answers, case.oracles, strict=True)):
        return None  # as many numbers as are due are laid out otherwise, and none is missing
    derived = case.derived.expression if case.derived is not None else None
    fix = case.fix(ast.parse(f"torch.ones_like({case.node})", mode="eval").body, derived)
    return case.proven(
        "not-expanded",
        error=f"{case.got}, but {case.node} is {case.due}",
        note=f"The numbers are right: {number:g} everywhere. The shape is not.",
        help=f"A gradient has exactly the shape of its variable: give it the shape of {case.node}" + (f", `{fix}`." if fix else "."),
        evidence="In every trial the numbers of your answer are all the same, and so are those of autograd's gradient: the same number.",
        claims=(equal("torch.full_like(gradient, answer.flatten()[0])"),),
        fix=fix,
    )


def _expanded(answer: torch.Tensor, oracle: torch.Tensor, axis: int | None) -> torch.Tensor | None:
    shaped = answer if axis is None else answer.unsqueeze(axis)
    try:
        return shaped.expand(oracle.shape)
    except RuntimeError:
        return None


def _told(case: Case, axis: int | None) -> Diagnosis:
    expression = case.expression
    fix = None
    if expression is not None and not all(bool((a == a.flatten()[0]).all()) for a in case.answers):
        shaped: ast.expr = expression
        if axis is not None:
            shaped = ast.Call(ast.Attribute(expression, "unsqueeze", ast.Load()), [ast.Constant(axis)], [])
        ones = ast.parse(f"torch.ones_like({case.node})", mode="eval").body
        fix = case.fix(ast.BinOp(ones, ast.Mult(), shaped))
    lost = "" if axis is None else f" An axis is missing at position {axis}: give it back with length 1 first."
    return case.proven(
        "not-expanded",
        error=f"{case.got}, but {case.node} is {case.due}",
        note=f"These are the right numbers, once each; every element of {case.node} that took part gets its own copy.{lost}",
        help=f"Copy it to the shape of {case.node}: multiply with `torch.ones_like({case.node})`, or expand.",
        evidence=f"Expanded to {case.due}, the answer equals autograd's gradient in every trial.",
        claims=(equal(f"answer{'' if axis is None else f'.unsqueeze({axis})'}.expand(gradient.shape)"),),
        fix=fix,
    )
