"""missing-upstream: the local derivative alone, without the gradient that arrives from above.

Family: Local derivative
Forward: h = torch.tanh(z)
Shapes: z (N, C)
Wrong: dz = 1 - h**2
Right: dz = (1 - h**2) * dh

Why:
The chain rule multiplies: how much the loss moves with h, times how much h moves with z. An expression without dh
gives only the second part, as if the loss were the plain sum of h.

Read more: Karpathy, "The spelled-out intro to neural networks and backpropagation".
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import torch

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.edits import Edit, search, tensors
from backprop_check.diagnosis.replay import gradient
from backprop_check.diagnosis.rewrites import put
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by replay: with ones for the upstream gradients, autograd gives the learner's answer. Or by one part times its upstream."""
    return _of_all(case) or _of_one(case)


def _of_one(case: Case) -> Diagnosis | None:
    """One part of the answer lacks the factor: with it the expression is right."""
    found = search(case, edits)
    if found is None:
        return None
    part = ast.unparse(found[2])
    return Diagnosis(
        code="missing-upstream",
        certainty="proven",
        error=f"`{part}` is a derivative alone; what arrives from above is missing from it",
        note=f"Along a path to {case.node} the chain rule multiplies each derivative with the gradient that arrives there.",
        help=f"Ask which gradient arrives at the line that `{part}` is the derivative of, and multiply.",
        span=case.span(found[2]),
        evidence=f"`{found[0]}` equals autograd's gradient in every trial.",
        fix=found[0],
    )


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """Each part without a gradient in it, times each gradient from above."""
    upstream = [f"d{line.name}" for line in case.consumers if f"d{line.name}" in case.available]
    for part in tensors(case, expression):
        if not case.gradients_in(part):
            for name in upstream:
                yield put(expression, part, ast.copy_location(ast.BinOp(part, ast.Mult(), ast.Name(name, ast.Load())), part)), part


def _of_all(case: Case) -> Diagnosis | None:
    if not is_the_slope_alone(case):
        return None
    consumers = {line.name for line in case.consumers}
    upstream = [f"d{line.name}" for line in case.consumers]
    return Diagnosis(
        code="missing-upstream",
        certainty="proven",
        error=f"{' and '.join(upstream)} {'is' if len(upstream) == 1 else 'are'} missing here",
        note=f"This is how {' and '.join(sorted(consumers))} moves with {case.node}. The loss sees {case.node} only through "
        f"{' and '.join(sorted(consumers))}, so the gradient that arrives there belongs in the product.",
        help=f"Multiply along the path: local derivative times {upstream[0]}."
        if len(upstream) == 1
        else "Multiply each path with its own upstream gradient.",
        span=case.span(),
        evidence=f"With ones in the place of {', '.join(upstream)}, autograd gives exactly your answer in every trial.",
        fix=_fix(case, upstream),
    )


def is_the_slope_alone(case: Case) -> bool:
    """Whether the answer is what autograd gives with ones arriving at the lines that use the node, whose gradients it does not read."""
    consumers = {line.name for line in case.consumers}
    if not consumers or not case.everywhere or {"d" + name for name in consumers} & case.reads:
        return False
    trials = [run.trial for run in case.runs]
    ones = [{name: torch.ones_like(t.gradients["d" + name]) for name in consumers} for t in trials]
    return case.is_answer([gradient(case, run, frozenset(consumers), above) for run, above in zip(case.runs, ones, strict=True)])


def _fix(case: Case, upstream: list[str]) -> str | None:
    if case.expression is None or len(upstream) != 1:
        return None
    return case.fix(ast.BinOp(case.expression, ast.Mult(), ast.Name(upstream[0], ast.Load())))
