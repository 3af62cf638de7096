"""inner-for-outer: two vectors are multiplied into one number, where every pair of their elements is needed.

Family: Matrix products and layout
Forward: y = W @ x
Shapes: W (M, K), x (K,)
Wrong: dW = dy @ x
Right: dW = torch.outer(dy, x)

Why:
W[i, j] carried x[j] into y[i], so its gradient is dy[i] times x[j]: one product for each pair, a table of W's shape.
`@` of two vectors adds up products of equal positions and gives one number (or fails, when the lengths differ).

Read more: the PyTorch documentation, "torch.outer".

Question: {node} is {axes}: one gradient for each. Which two numbers make the one at {one}?
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import torch

from backprop_check.diagnosis.by_edit.edits import Edit, parts, search, value_of
from backprop_check.diagnosis.case import Case
from backprop_check.expression.reductions import reduced
from backprop_check.expression.rewrites import put
from backprop_check.records import Diagnosis

INNER = ("dot", "inner", "vdot", "matmul")


def find(case: Case) -> Diagnosis | None:
    """Proven by the outer product of the same two vectors: the expression is then right."""
    found = search(case, edits)
    if found is None:
        return None
    return case.proven(
        "inner-for-outer",
        by=found,
        error=f"an inner product of two vectors is one number, but {case.node} is {case.due}",
        note=f"Each number of {case.node} joined one element of one vector with one of the other, so every pair has a gradient.",
        help="Multiply every element of one with every element of the other: an outer product.",
    )


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    for part in parts(expression):
        pair = _factors(part)
        if pair is None:
            continue
        a, b = (_unturned(node) for node in pair)
        if all(isinstance(v := value_of(case, node), torch.Tensor) and v.dim() == 1 for node in (a, b)):
            for first, second in ((a, b), (b, a)):
                outer = ast.Call(ast.Attribute(ast.Name("torch", ast.Load()), "outer", ast.Load()), [first, second], [])
                yield put(expression, part, ast.copy_location(outer, part)), part


def _factors(part: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    if isinstance(part, ast.BinOp) and isinstance(part.op, ast.MatMult):
        return part.left, part.right
    if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in INNER:
        given = reduced(part)
        return (given[0], given[1][0]) if given is not None and len(given[1]) == 1 else None
    return None


def _unturned(node: ast.expr) -> ast.expr:
    """Without a `.T`, which does nothing to a vector."""
    return node.value if isinstance(node, ast.Attribute) and node.attr in ("T", "mT") else node
