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
from itertools import combinations

from checker.diagnosis.case import Case
from checker.diagnosis.reductions import reduced
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


def _others(case: Case, call: ast.Call) -> Iterator[tuple[str, ast.Call]]:
    """The same call with as many other axes, as (axes, call)."""
    keyword = next((k for k in call.keywords if k.arg in ("dim", "axis")), None)
    given = reduced(call)
    inner = case.evaluate(given[0]) if given is not None else None
    if given is None or inner is None or not (keyword or given[1]):
        return
    try:
        now = ast.literal_eval(keyword.value if keyword else given[1][0])
    except ValueError:
        return
    rank, several = inner[0].dim(), isinstance(now, tuple | list)
    named = list(now) if isinstance(now, tuple | list) else [now]
    if not all(type(n) is int for n in named) or not rank:
        return
    for axes in combinations(range(rank), len(named)):
        if set(axes) != {n % rank for n in named}:
            value = ast.Tuple([ast.Constant(n) for n in axes], ast.Load()) if several else ast.Constant(axes[0])
            told = f"axes {axes}" if several else f"axis {axes[0]}"
            if keyword:
                keywords = [ast.keyword(k.arg, value) if k is keyword else k for k in call.keywords]
                yield told, ast.copy_location(ast.Call(call.func, call.args, keywords), call)
            else:
                before = call.args[: len(call.args) - len(given[1])]
                yield told, ast.copy_location(ast.Call(call.func, [*before, value, *given[1][1:]], call.keywords), call)


def _told(case: Case, call: ast.Call, axis: str, fix: str) -> Diagnosis:
    assert isinstance(call.func, ast.Attribute)
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
        evidence=f"With {axis} in its place the expression equals autograd's gradient in every trial.",
        fix=fix,
    )


def _shape(case: Case, call: ast.Call) -> str:
    given = reduced(call)
    inner = (case.evaluate(given[0]) if given is not None else None) or case.answers
    by_run = {id(run): value for run, value in zip(case.runs, inner, strict=True)}
    return case.shape(lambda run: by_run[id(run)])
