"""Answers that are one factor of the right gradient, and nothing more."""

from __future__ import annotations

import ast

import torch

from checker.derivation.trees import text
from checker.diagnosis.case import Case
from checker.diagnosis.edits import parts
from checker.records import Diagnosis


def factor_alone(case: Case) -> Diagnosis | None:
    """Proven by value: in every trial the answer is one side of a product in the derived gradient."""
    if not case.everywhere or case.derived is None:
        return None
    for product in parts(case.derived.expression):
        if isinstance(product, ast.BinOp) and isinstance(product.op, ast.Mult | ast.MatMult):
            for factor, other in ((product.left, product.right), (product.right, product.left)):
                if _is_tensor(case, factor) and _is_tensor(case, other) and case.is_answer(case.evaluate(factor)):
                    return _told(case, factor, other)
    return None


def _told(case: Case, factor: ast.expr, other: ast.expr) -> Diagnosis | None:
    upstream = {n.id for n in ast.walk(other) if isinstance(n, ast.Name) and n.id in case.available}
    mine = {n.id for n in ast.walk(factor) if isinstance(n, ast.Name) and n.id in case.available}
    if bool(mine) == bool(upstream):
        return None
    lines = " and ".join(f"`{line.name} = {line.source}`" for line in case.consumers)
    alone = f"this is `{text(factor)}`, one factor of the gradient; "
    return Diagnosis(
        code="missing-local-derivative" if mine else "missing-upstream",
        certainty="proven",
        error=alone + (f"how {lines} moves with {case.node} is missing" if mine else f"{' and '.join(sorted(upstream))} is missing"),
        note="Along a path the chain rule multiplies what arrives from above with the derivative of the operation.",
        help=f"Look at {lines}, and at the shapes: which product of the two has the shape of {case.node}?",
        span=case.span(),
        evidence=f"In every trial the answer equals `{text(factor)}`, and the gradient is `{case.derived.text if case.derived else ''}`.",
    )


def _is_tensor(case: Case, part: ast.expr) -> bool:
    values = case.evaluate(part)
    return values is not None and all(isinstance(v, torch.Tensor) and v.dim() > 0 for v in values)
