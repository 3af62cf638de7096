"""Answers that are a difference quotient, `(f(x + h) - f(x)) / h`: it comes near a derivative, and is none."""

from __future__ import annotations

import ast

import torch

from backprop_check.derivation.trees import literal
from backprop_check.diagnosis.asking import asks
from backprop_check.diagnosis.by_edit.edits import parts
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.phrases import short
from backprop_check.expression.rewrites import put
from backprop_check.records import Diagnosis

SMALL = 0.02
"""A number up to this size that is added and divided by is a step."""
NEARER = 4.0
"""So many times nearer to the gradient the answer has to come with a tenth of the step."""


def step(expression: ast.expr) -> ast.BinOp | None:
    """The quotient in an expression: a difference divided by a small number (or by twice that) that stands in the difference too."""
    for part in parts(expression):
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Div) and isinstance(part.left, ast.BinOp):
            small = {abs(n) for p in parts(part.right) if (n := literal(p)) is not None and 0 < abs(n) <= SMALL}
            inside = {abs(n) for p in parts(part.left) if (n := literal(p)) is not None}
            if isinstance(part.left.op, ast.Sub) and small & inside:
                return part
    return None


def find(case: Case) -> Diagnosis | None:
    """Proven by taking a tenth of the step: the answer then comes nearer to the gradient, in every trial."""
    found = step(case.draft) if case.draft is not None and case.everywhere and case.same_shape else None
    if found is None or case.draft is None:
        return None
    nearer = case.evaluate(_with_a_tenth(case.draft, found))
    if nearer is None or not all(_comes_nearer(a, n, o) for a, n, o in zip(case.answers, nearer, case.oracles, strict=True)):
        return None
    return case.proven(
        "wrong-local-derivative",
        error="a difference quotient comes near the derivative, and is not it",
        note=f"`{short(found)}` is off by about as much as its step is wide; with a smaller step, rounding takes over.",
        help=f"Work the derivative out, and write it down. {asks(case)}",
        span=case.span(found),
        evidence="With a tenth of the step your answer comes nearer to autograd's gradient in every trial, and does not reach it.",
        fix=case.derived.text if case.derived is not None else None,
    )


def _with_a_tenth(expression: ast.expr, found: ast.BinOp) -> ast.expr:
    changed = expression
    for part in list(parts(found)):
        if isinstance(part, ast.Constant) and (value := literal(part)) is not None and 0 < abs(value) <= SMALL:
            changed = put(changed, part, ast.Constant(value / 10))
    return changed


def _comes_nearer(answer: torch.Tensor, nearer: torch.Tensor, oracle: torch.Tensor) -> bool:
    return bool((nearer - oracle).abs().max() * NEARER < (answer - oracle).abs().max())
