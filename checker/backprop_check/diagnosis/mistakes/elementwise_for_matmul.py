"""elementwise-for-matmul: `*` multiplies element by element where `@` should sum products.

Family: Matrix products and layout
Forward: y = x @ W
Shapes: x (N, K), W (K, M)
Wrong: dx = dy * W
Right: dx = dy @ W.T

Why:
Every output column used every weight of its column, so the gradient of an input is a sum over all outputs: products,
added up. `*` pairs elements and adds nothing; `@` does both.

Read more: the PyTorch documentation, "torch.matmul".

Question: How many numbers of {users} does {one} move, or what moves each of them? What adds up such products?
Slip: this multiplies element by element, where a matrix product belongs
Note: In {lines} every number of {node} serves several results, so its gradient is a sum of products.
Help: Use `@`, and let the axis meet that {node} does not have.
Traits: of a part
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backprop_check.diagnosis.by_edit.edits import Edit, search
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.meeting import contracted, in_product, shape_told
from backprop_check.diagnosis.mistakes.needless_sum import busy
from backprop_check.diagnosis.phrases import short
from backprop_check.expression.rewrites import operations, products, put, same_place
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by a matrix product of the same two factors: the expression is then right."""
    line = in_product(case)
    found = search(case, busy(edits)) if line is not None else None
    if found is None or line is None:
        return None
    part = found.part
    assert isinstance(part, ast.BinOp)
    factors = f"`{short(part.left)}` is {shape_told(case, part.left)}, `{short(part.right)}` is {shape_told(case, part.right)}"
    move, meet = "Order and turn them so that the axis to be summed away is in the middle.", contracted(case, part.left, part.right)
    product = same_place(case.draft, found.tree, part) if case.draft is not None else None
    if meet is not None and product is not None and ast.dump(product) == ast.dump(ast.BinOp(part.left, ast.MatMult(), part.right)):
        move = f"As they stand, they meet on {meet[0]}, which is summed away."
    return case.proven(
        "elementwise-for-matmul",
        by=found,
        error="`*` pairs elements; here products have to be added up",
        note=f"{case.node} is a factor of the matrix product in `{line.name} = {line.source}`, and the way back is a matrix product too.",
        help=f"Use `@`: {factors}, and {case.node} is {case.due}. {move}",
        evidence="With the matrix product of the same factors the expression equals autograd's gradient in every trial.",
    )


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    for part in operations(expression, ast.Mult):
        for product in products(part.left, part.right):
            meet = contracted(case, product.left, product.right)
            if meet is None or "1" in meet:
                continue  # nothing is added up: that is an outer product, which `*` can write too
            yield put(expression, part, ast.copy_location(product, part)), part
