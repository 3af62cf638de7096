"""subtracted-branch: what comes back along a second path is subtracted where it should be added.

Family: Branches and accumulation
Forward: p = c * 2; q = c * c; r = p * q
Shapes: c (N, C)
Wrong: dp = q * dr; dq = p * dr; dc = 2 * dp - 2 * c * dq
Right: dp = q * dr; dq = p * dr; dc = 2 * dp + 2 * c * dq

Why:
Gradients of two uses of one value always add. A minus of the forward is already inside the gradient that comes back
along its path, so nothing is left to subtract where the paths meet.

Read more: Karpathy, "Becoming a Backprop Ninja", dcounts.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from checker.diagnosis.case import Case
from checker.diagnosis.edits import Edit, parts, search
from checker.diagnosis.rewrites import put
from checker.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by writing `+` for one `-`: the expression is then right."""
    found = search(case, edits)
    if found is None:
        return None
    return Diagnosis(
        code="subtracted-branch",
        certainty="proven",
        error="these come back along two paths, and one is subtracted",
        note="Gradients of several uses always add up.",
        help="Add; a minus of the forward belongs inside the term of its own path.",
        span=case.span(found[2]),
        evidence="With `+` in the place of `-` the expression equals autograd's gradient in every trial.",
        fix=found[0],
    )


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    for part in parts(expression):
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Sub):
            yield put(expression, part, ast.copy_location(ast.BinOp(part.left, ast.Add(), part.right), part)), part
