"""Answers that hold the right numbers in wrong places, whichever way they came there."""

from __future__ import annotations

import ast

import torch

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import equal
from backprop_check.diagnosis.phrases import users
from backprop_check.expression.rewrites import calls
from backprop_check.records import Diagnosis

RESHAPES = ("reshape", "view", "reshape_as", "view_as", "unflatten", "flatten")
JOINS = ("cat", "stack", "concat", "concatenate", "hstack", "vstack")
MOVES = ("permute", "transpose", "swapaxes", "movedim", "moveaxis", "flip", "roll", "t")


def reordered(case: Case) -> Diagnosis | None:
    """Proven by counting: put in order, the numbers of the answer are autograd's, in every trial. What moved them gives the name."""
    if not case.everywhere or not case.same_shape or case.expression is None:
        return None
    if not all(_same_numbers(a, o, case.tolerance * s) for a, o, s in zip(case.answers, case.oracles, case.scales, strict=True)):
        return None
    for code, error, names in (
        ("scrambled-reshape", "puts the right numbers in wrong places: it reads row by row, and turns nothing", RESHAPES),
        ("wrong-slice", "joins the right parts, but not where each of them belongs", JOINS),
        ("wrong-permutation", "puts the right numbers in another order", MOVES),
    ):
        call = next(calls(case.expression, *names), None)
        if call is not None and isinstance(call.func, ast.Attribute):
            return _told(case, code, f"`{call.func.attr}` {error}", call)
    return None


def _same_numbers(answer: torch.Tensor, oracle: torch.Tensor, tolerance: float) -> bool:
    """Whether both hold the same numbers; not told of a tensor with many equal ones, where that says little."""
    mine, right = answer.flatten().sort().values, oracle.flatten().sort().values
    steps = (right[1:] - right[:-1]) > tolerance
    return bool(((mine - right).abs() <= tolerance).all()) and int(steps.sum()) * 2 > right.numel()


def _told(case: Case, code: str, error: str, call: ast.Call) -> Diagnosis:
    assert isinstance(call.func, ast.Attribute)
    inner = call.func.value
    module = isinstance(inner, ast.Name) and inner.id in ("torch", "F")
    return case.proven(
        code,
        error=error,
        note=f"Every number of the gradient is there. {users(case)}: going back, each returns to the place its element came from.",
        help=f"Follow one element of {case.node} by hand: where did the forward put it, and where does its gradient stand?",
        span=case.span(call, after=None if module else inner),
        evidence="Put in order, the numbers of your answer are those of autograd's gradient, in every trial.",
        claims=(equal("answer.flatten().sort().values", "gradient.flatten().sort().values"),),
    )
