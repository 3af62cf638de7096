"""missing-transpose: a factor of a matrix product has to be turned, so that the right axes meet.

Family: Matrix products and layout
Forward: y = x @ W
Shapes: x (N, K), W (K, M)
Wrong: dx = dy @ W
Right: dx = dy @ W.T

Why:
Run the shapes: dy is (N, M), and dx has to be (N, K), so what stands between takes M to K: W turned over. `A @ B`
always sums over the last axis of A and the first of B; the axis that must disappear has to be those two.

Read more: the PyTorch documentation, "torch.matmul".

Question: Write its axes under each tensor of your line: which ones meet there now?
Slip: a factor of the matrix product should be turned
Note: `@` sums over the last axis of the left factor and the first of the right one; here other numbers meet than should.
Help: Write the axes' names under the factors: the two that meet are the ones to sum away.
Traits: of a part, other shape
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.edits import Edit, search
from backprop_check.diagnosis.meeting import around, axes_of, contracted
from backprop_check.diagnosis.phrases import short
from backprop_check.diagnosis.rewrites import is_turned, operations, put
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by turning one factor of one matrix product: the expression is then right."""
    found = search(case, edits)
    if found is None:
        return None
    name = short(found.part)
    product = next((n for n in around(case.draft, found.part) if isinstance(n, ast.BinOp)), None) if case.draft is not None else None
    meet = contracted(case, product.left, product.right) if product is not None else None
    only = product is not None and len(axes_of(case, product.right) or ()) == 1
    now = (
        f"Here {meet[0]} meets {meet[1]}."
        if meet is not None and meet[0] != meet[1]
        else f"The lengths fit here, and the axes do not: turned, the other axis of `{name}` meets."
    )
    return case.proven(
        "missing-transpose",
        by=found,
        error=f"`{name}` has to be turned here",
        note=f"`@` lets the last axis of the left factor meet {'the only axis' if only else 'the last but one'} of the right one, "
        f"and sums over it. {now}",
        help=f"Turn `{name}`, so that its other axis meets: {case.node} is {case.due}.",
        evidence=f"With `{name}` transposed the expression equals autograd's gradient in every trial.",
    )


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    for product in operations(expression, ast.MatMult):
        for factor in (product.left, product.right):
            for attribute in ("T", "mT"):
                if not is_turned(factor):
                    yield put(expression, factor, ast.copy_location(ast.Attribute(factor, attribute, ast.Load()), factor)), factor
