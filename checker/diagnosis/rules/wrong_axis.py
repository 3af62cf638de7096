"""wrong-axis: the sum runs over the axis the variable has, and keeps the one it lacks.

Family: Shape, broadcast, reduction
Forward: y = x + b
Shapes: x (N, C), b (C,)
Wrong: db = dy.sum(1)
Right: db = dy.sum(0)

Why:
The axis to sum over is the one along which the variable was copied: the one it does not have, or has with length 1. b
has C numbers, one a column, and was added to each of N rows, so the rows are summed away and the columns stay.

Read more: the PyTorch documentation, "Broadcasting semantics".
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from checker.diagnosis.case import Case
from checker.diagnosis.rewrites import calls, put
from checker.records import Diagnosis

REDUCTIONS = ("sum", "mean", "amax", "amin", "prod", "logsumexp", "softmax", "cumsum")


def find(case: Case) -> Diagnosis | None:
    """Proven by the learner's own expression with another axis: it is then the oracle."""
    expression = case.expression
    if expression is None:
        return None
    for call in calls(expression, *REDUCTIONS):
        for axis, other in _others(case, call):
            fix = case.fix(put(expression, call, other))
            if fix is not None:
                return _told(case, call, axis, fix)
    return None


def _others(case: Case, call: ast.Call) -> Iterator[tuple[int, ast.Call]]:
    """The same call with each other axis, as (axis, call)."""
    keyword = next((k for k in call.keywords if k.arg in ("dim", "axis")), None)
    written = keyword.value if keyword else call.args[0] if call.args else None
    inner = case.evaluate(call.func.value) if isinstance(call.func, ast.Attribute) else None
    if written is None or inner is None:
        return
    try:
        now = ast.literal_eval(written)
    except ValueError:
        return
    if not isinstance(now, int):
        return
    for axis in range(inner[0].dim()):
        if axis != now % inner[0].dim():
            value = ast.Constant(axis)
            if keyword:
                keywords = [ast.keyword(k.arg, value) if k is keyword else k for k in call.keywords]
                yield axis, ast.copy_location(ast.Call(call.func, call.args, keywords), call)
            else:
                yield axis, ast.copy_location(ast.Call(call.func, [value, *call.args[1:]], call.keywords), call)


def _told(case: Case, call: ast.Call, axis: int, fix: str) -> Diagnosis:
    inner = case.evaluate(call.func.value) if isinstance(call.func, ast.Attribute) else None
    assert inner is not None and isinstance(call.func, ast.Attribute)
    due = case.due
    same = all(a.shape == o.shape for a, o in zip(case.answers, case.oracles, strict=True))
    what = f"this runs over the wrong axis of a {_shape(case, call)}"
    return Diagnosis(
        code="wrong-axis",
        certainty="proven",
        error=what if same else f"{case.got}, but {case.node} is {due}",
        note=f"`{call.func.attr}` runs along the axis that {case.node} keeps, and keeps the one to sum away."
        if not same
        else f"Along that axis `{call.func.attr}` mixes numbers that the forward keeps apart.",
        help="Ask which axis was copied, or summed, in the forward; that is the one to run over.",
        span=case.span(call, after=call.func.value),
        evidence=f"With axis {axis} in its place the expression equals autograd's gradient in every trial.",
        fix=fix,
    )


def _shape(case: Case, call: ast.Call) -> str:
    assert isinstance(call.func, ast.Attribute)
    inner = case.evaluate(call.func.value) or case.answers
    by_run = {id(run): value for run, value in zip(case.runs, inner, strict=True)}
    return case.shape(lambda run: by_run[id(run)])
