"""plus-for-times: two factors along one path are added where they should be multiplied.

Family: Branches and accumulation
Forward: y = x**2
Shapes: x (N, C)
Wrong: dx = 2 * x + dy
Right: dx = 2 * x * dy

Why:
Along one path the chain rule multiplies: local derivative times what arrives from above. Only across paths, where a
value is used more than once, are gradients added.

Read more: Karpathy, "The spelled-out intro to neural networks and backpropagation".

Question: Suppose nothing arrived from above, only zeros. What must {name} be, and what would yours be?
Of local factors: In {lines}, what stands where your `+` stands: does {node} go two ways there, or is it one product?
Slip: along one path, this adds where it should multiply
Note: The chain rule multiplies the derivatives along a path; only different paths are added.
Help: Ask of each `+` whether its sides come back along different uses of {node}.
Traits: of a part
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import torch

from backprop_check.diagnosis.by_edit.edits import Edit, search, value_of
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.scale.scaled import is_uniform
from backprop_check.expression.rewrites import operations, put
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by writing `*` for one `+`: the expression is then right."""
    found = search(case, edits)
    if found is None:
        return None
    arrives = bool(case.gradients_in(found.part))
    return case.proven(
        "plus-for-times",
        by=found,
        error="these two belong to one path, and are added" if arrives else "these two are factors of one derivative, and are added",
        note="Along a path the chain rule multiplies; it adds only across paths.",
        question="" if arrives else "Of local factors",
        help="Multiply the local derivative with what arrives from above." if arrives else "Multiply them.",
        evidence="With `*` in the place of `+` the expression equals autograd's gradient in every trial.",
    )


def _is_one(case: Case, side: ast.expr) -> bool:
    """Whether a side is 1 everywhere: to multiply by it changes nothing."""
    return is_uniform(case, side) and bool((torch.as_tensor(value_of(case, side)) == 1).all())


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    for part in operations(expression, ast.Add):
        if not (isinstance(part.right, ast.Constant) or _is_one(case, part.left) or _is_one(case, part.right)):
            yield put(expression, part, ast.copy_location(ast.BinOp(part.left, ast.Mult(), part.right), part)), part
