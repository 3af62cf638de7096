"""summed-everything: the answer is one number, the sum of all that the gradient holds.

Family: Shape, broadcast, reduction
Forward: y = x + b
Shapes: x (N, C), b (C,)
Wrong: db = dy.sum()
Right: db = dy.sum(0)

Why:
Each number of b feeds its own column only, so each has a gradient of its own: the sum over its column. `sum()`
without an axis also adds up numbers that belong to different elements of b.

Read more: the PyTorch documentation, "torch.sum".
"""

from __future__ import annotations

import ast
from itertools import combinations

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.rewrites import calls, put, summed
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by summing the oracle: that is the learner's number."""
    if not case.everywhere or any(a.numel() != 1 or o.numel() == 1 for a, o in zip(case.answers, case.oracles, strict=True)):
        return None
    if not case.replays(lambda o, a: o.sum().reshape(a.shape)) or all(float(a.abs().max()) == 0 for a in case.answers):
        return None
    total = next((c for c in calls(case.expression, "sum") if not c.args), None) if case.expression is not None else None
    return Diagnosis(
        code="summed-everything",
        certainty="proven",
        error=f"one number, but {case.node} is {case.due}",
        note=f"Each number of {case.node} has a gradient of its own; `sum()` has added them all into one.",
        help=f"Sum only over the axes that {case.node} does not have.",
        span=case.span(total, after=getattr(total.func, "value", None)) if total else case.span(),
        evidence="The answer is the sum of autograd's gradient over all its elements, in every trial.",
        fix=_fix(case, total),
    )


def _fix(case: Case, total: ast.Call | None) -> str | None:
    if total is None or case.expression is None or not isinstance(total.func, ast.Attribute):
        return None
    inner = case.evaluate(total.func.value)
    rank = inner[0].dim() if inner else 0
    edits = [
        put(case.expression, total, summed(total.func.value, dims, keep))
        for count in range(rank)
        for dims in combinations(range(rank), count)
        for keep in (False, True)
    ]
    return case.fix(*edits)
