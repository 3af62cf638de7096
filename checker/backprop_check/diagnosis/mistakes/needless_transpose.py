"""needless-transpose: a factor of a matrix product is turned over, and should not be.

Family: Matrix products and layout
Forward: y = x @ W.T
Shapes: x (N, K), W (M, K)
Wrong: dx = dy @ W.T
Right: dx = dy @ W

Why:
The forward turned W over, so the way back uses it as it is. `nn.Linear` stores its weight as (out, in) and computes x
@ W.T: going back there is no transpose. Run the shapes: (N, M) @ (M, K) is (N, K).

Read more: the PyTorch documentation, "torch.nn.Linear".

Question: Write its axes under each tensor of your line: which ones meet there now?
Slip: a factor of the matrix product should not be turned
Note: `@` sums over the last axis of the left factor and the first of the right one; here other numbers meet than should.
Help: Write the axes' names under the factors: the two that meet are the ones to sum away.
Traits: other shape
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backprop_check.diagnosis.by_edit.edits import Edit, parts, search
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.meeting import last_step, operator_around, shape_told
from backprop_check.diagnosis.phrases import short
from backprop_check.expression.rewrites import put
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by taking one transpose away: the expression is then right."""
    found = search(case, edits)
    if found is None:
        return None
    part = found.part
    inner = _inner(part)
    assert inner is not None
    op = operator_around(case.draft, part) if case.draft is not None else None
    rule = (
        "`@` lets the last axis of the left factor meet the last but one, or the only one, of the right one."
        if isinstance(op, ast.MatMult)
        else "An operation element by element pairs each number with the one in the same place."
        if op is not None
        else ""
    )
    return case.proven(
        "needless-transpose",
        error=f"`{short(inner)}` should not be turned here",
        note=f"{rule} As it is, `{short(inner)}` is {shape_told(case, inner)}, and fits there.".strip(),
        help=f"Take the `{last_step(part)}` away." if not ast.unparse(part).startswith("torch.") else f"Write `{short(inner)}` as it is.",
        span=case.span(part, after=inner),
        evidence="Without this transpose the expression equals autograd's gradient in every trial.",
        fix=found.fix,
    )


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    for part in parts(expression):
        inner = _inner(part)
        if inner is not None:
            yield put(expression, part, inner), part


def _inner(part: ast.expr) -> ast.expr | None:
    """What is turned by `x.T`, `x.mT`, `x.t()`, `x.transpose(0, 1)`."""
    if isinstance(part, ast.Attribute) and part.attr in ("T", "mT"):
        return part.value
    if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in ("t", "transpose", "swapaxes"):
        return part.func.value if not isinstance(part.func.value, ast.Name) or part.func.value.id != "torch" else part.args[0]
    return None
