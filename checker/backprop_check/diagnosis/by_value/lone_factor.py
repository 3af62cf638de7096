"""Answers that are one factor of the right gradient, and nothing more."""

from __future__ import annotations

import ast

import torch

from backprop_check.derivation.derive import Derived
from backprop_check.derivation.trees import text
from backprop_check.diagnosis.asking import asks, example
from backprop_check.diagnosis.by_edit.edits import names_used
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import ANSWER, equal
from backprop_check.diagnosis.phrases import lines
from backprop_check.expression.rewrites import operations
from backprop_check.records import Diagnosis


def lone_factor(case: Case) -> Diagnosis | None:
    """Proven by value: in every trial the answer is one side of a product in the derived gradient."""
    if not case.everywhere or case.derived is None:
        return None
    for product in operations(case.derived.expression, ast.Mult | ast.MatMult):
        for factor, other in ((product.left, product.right), (product.right, product.left)):
            if _is_tensor(case, factor) and _is_tensor(case, other) and case.is_answer(case.evaluate(factor)) and _is_it(case, factor):
                return _told(case, case.derived, factor, other)
    return None


def _told(case: Case, derived: Derived, factor: ast.expr, other: ast.expr) -> Diagnosis | None:
    upstream, mine = case.gradients_in(other), case.gradients_in(factor)
    if bool(mine) == bool(upstream):
        return None
    used = lines(case.consumers)
    if mine and any(name.id not in case.available for name in names_used(factor)):
        # A part of how the operation moves is there: what is missing is one factor, not all of it.
        return case.proven(
            "missing-local-derivative",
            error="a factor of the derivative is missing before this",
            note=example(case),
            help=asks(case),
            evidence=f"`{derived.text}` equals autograd's gradient in every trial.",
            claims=(equal(factor, ANSWER), equal(derived.text)),
        )
    alone = f"this is `{text(factor)}`, one factor of the gradient; "
    return case.proven(
        "missing-local-derivative" if mine else "missing-upstream",
        error=alone + (f"how {used} moves with {case.node} is missing" if mine else f"{' and '.join(sorted(upstream))} is missing"),
        note="Along a path the chain rule multiplies what arrives from above with the derivative of the operation.",
        help=f"Look at {used}, and at the shapes: which product of the two has the shape of {case.node}?",
        evidence=f"In every trial the answer equals `{text(factor)}`, and the gradient is `{derived.text}`.",
        claims=(equal(factor, ANSWER), equal(derived.text)),
    )


def _is_it(case: Case, factor: ast.expr) -> bool:
    """Whether the line is worth the factor with other gradients from above too: `dp**2` is `dp` only where that is 1."""
    both = ast.BinOp(case.draft, ast.Add(), factor) if case.draft is not None else factor
    return case.draft is None or not case.gradients_in(both) or case.alike(case.draft, factor, both)


def _is_tensor(case: Case, part: ast.expr) -> bool:
    values = case.evaluate(part)
    return values is not None and all(isinstance(v, torch.Tensor) and v.dim() > 0 for v in values)
