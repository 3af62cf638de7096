"""transposed: the answer is the right gradient with its axes in another order.

Family: Matrix products and layout
Forward: y = x @ W
Shapes: x (N, K), W (K, M)
Wrong: dW = dy.T @ x
Right: dW = x.T @ dy

Why:
(A @ B).T is B.T @ A.T: taking the factors of a product in the other order turns the result over. The gradient has the
layout of the variable, so the factor that carries the variable's first axis stands first.

Read more: The Matrix Cookbook, section 2, derivatives of matrices.
"""

from __future__ import annotations

from functools import partial
from itertools import permutations

import torch

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.rewrites import method, swapped_product, turned
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by permuting the answer's axes back: it is then the oracle."""
    rank = case.answers[0].dim() if case.answers else 0
    if not 2 <= rank <= 4 or not case.everywhere or any(a.dim() != o.dim() for a, o in zip(case.answers, case.oracles, strict=True)):
        return None
    for order in permutations(range(rank)):
        if order != tuple(range(rank)) and case.mends(partial(_permuted, order=order)):
            return _told(case, order)
    return None


def _permuted(answer: torch.Tensor, oracle: torch.Tensor, order: tuple[int, ...]) -> torch.Tensor:
    return answer.permute(order)


def _told(case: Case, order: tuple[int, ...]) -> Diagnosis:
    expression = case.expression
    fix = None
    if expression is not None:
        plain = turned(expression) if len(order) == 2 else method(expression, "permute", *order)
        fix = case.fix(swapped_product(expression) if len(order) == 2 else None, plain)
    same = case.same_shape
    return Diagnosis(
        code="transposed" if order[:-2] == tuple(range(len(order) - 2)) else "wrong-permutation",
        certainty="proven",
        error=f"these are the numbers of {case.name}, turned over" if same else f"{case.got}, but {case.node} is {case.due}",
        note=f"You built the transpose of {case.name}: the right numbers, with rows for columns."
        if len(order) == 2
        else f"The right numbers, with the axes in another order: axes {order} of your tensor are those of {case.node}.",
        help=f"Let the factor that carries the first axis of {case.node} stand first, or turn the result.",
        span=case.span(),
        evidence=f"With its axes in the order {order} the answer equals autograd's gradient in every trial.",
        fix=fix,
    )
