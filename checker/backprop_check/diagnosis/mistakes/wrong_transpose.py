"""wrong-transpose: the right two factors in the wrong order or turned the wrong way.

Family: Matrix products and layout
Forward: y = x @ W
Shapes: x (N, K), W (K, M)
Wrong: dW = x @ dy.T
Right: dW = x.T @ dy

Why:
The axis that the gradient does not have must be summed away, so both factors must meet on it: x is (N, K), dy is (N,
M), and dW has no N. Write the shapes under the factors, put the two Ns in the middle, and the outer two are the shape
of the result.

Read more: the PyTorch documentation, "torch.matmul".

Question: Write its axes under each tensor of your line: which ones meet there now?
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backprop_check.diagnosis.by_edit.edits import Edit, search
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.meeting import axes_of, node_axes
from backprop_check.diagnosis.phrases import short
from backprop_check.expression.rewrites import operations, products, put, swapped_product
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by the same two factors, otherwise ordered and turned: the expression is then right."""
    found = search(case, edits)
    if found is None:
        return None
    assert isinstance(found.part, ast.BinOp)
    swapped = swapped_product(found.part)
    if swapped is not None and ast.unparse(put(case.draft, found.part, swapped)) == ast.unparse(found.tree):  # type: ignore[arg-type]
        return case.proven(
            "transposed",
            by=found,
            error=f"`{short(found.part)}` is turned over",
            note="The right factors meet on the right axis, but they stand in the other order: rows for columns.",
            help="Turn the product over: `(A @ B).T` is `B.T @ A.T`, the factors in the other order, each turned.",
        )
    return case.proven(
        "wrong-transpose",
        by=found,
        error="the right factors, but the wrong axes meet",
        note=f"{case.node} is {case.due}{_shared(case, found.part)}.",
        help="Write the axes under both factors as they are, then order and turn them so that the axis to be summed away stands "
        "in the middle, and the outer two are in the order of the result.",
        evidence="The same two factors, otherwise ordered and turned, give autograd's gradient in every trial.",
    )


def _shared(case: Case, product: ast.BinOp) -> str:
    """The axis that both factors have and the node has not, if it is one: they have to meet on it."""
    left, right = axes_of(case, product.left), axes_of(case, product.right)
    common = {n for n in left or [] if n in (right or []) and n not in node_axes(case) and not n.isdigit()}
    if len(common) != 1:
        return ""
    axis = common.pop()
    return f": it has no {axis}, which both factors have, so they have to meet on {axis}"


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    for part in operations(expression, ast.MatMult):
        for product in products(part.left, part.right):
            yield put(expression, part, ast.copy_location(product, part)), part
