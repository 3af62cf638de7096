"""multiplied-branches: what comes back along two paths is multiplied where it should be added.

Family: Branches and accumulation
Forward: p = c * 2; q = c * c; r = p * q
Shapes: c (N, C)
Wrong: dp = q * dr; dq = p * dr; dc = (2 * dp) * (2 * c * dq)
Right: dp = q * dr; dq = p * dr; dc = (2 * dp) + (2 * c * dq)

Why:
A value used in two places moves the loss along two paths, and the two effects add up. Multiplying belongs to one
path, from operation to operation.

Read more: Karpathy, "Becoming a Backprop Ninja", dcounts.

Question: If one use of {node} sends back 0 and another 5, what comes back from the two together?
Law: Along one path slopes multiply. Between the paths there is only a plus.
Slip: what comes back along different paths is multiplied
Note: Across paths gradients add up; only along one path are factors multiplied.
Help: Count the uses of {node}: one term for each, added.
Traits: of a part
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backprop_check.diagnosis.by_edit.edits import Edit, parts, search
from backprop_check.diagnosis.case import Case
from backprop_check.expression.rewrites import negated, put, same_place
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by writing `+` for one `*`, or a `-` where its left side has the minus of its right: the expression is then right."""
    found = search(case, edits)
    if found is None:
        return None
    there = same_place(case.draft, found.tree, found.part) if case.draft is not None else None
    moved = isinstance(there, ast.BinOp) and isinstance(there.op, ast.Sub)
    change = "a difference in the place of this product" if moved else "`+` in the place of `*`"
    return case.proven(
        "multiplied-branches",
        by=found,
        error="these come back along two paths, and are multiplied",
        note="Across paths gradients add up; only along one path are factors multiplied."
        + (" And the minus belongs to the other of the two." if moved else ""),
        help=f"Count the uses of {case.node}: one term for each, added.",
        evidence=f"With {change} the expression equals autograd's gradient in every trial.",
    )


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    for part in parts(expression):
        factors = list(_factors(part))
        for cut in range(1, len(factors)):
            if isinstance(factors[cut][0], ast.Mult):
                left, right = _product(factors[:cut]), _product(factors[cut:])
                if _arrives(case, left) and _arrives(case, right):
                    yield put(expression, part, ast.copy_location(ast.BinOp(left, ast.Add(), right), part)), part
                    if (bare := negated(left)) is not left and not isinstance(bare, ast.UnaryOp):
                        yield put(expression, part, ast.copy_location(ast.BinOp(bare, ast.Sub(), right), part)), part


def _factors(part: ast.expr) -> Iterator[tuple[ast.operator, ast.expr]]:
    """The factors of a product from left to right, each with the operation that brings it in."""
    if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult | ast.Div):
        yield from _factors(part.left)
        yield part.op, part.right
    else:
        yield ast.Mult(), part


def _product(factors: list[tuple[ast.operator, ast.expr]]) -> ast.expr:
    product = factors[0][1]
    for op, factor in factors[1:]:
        product = ast.BinOp(product, op, factor)
    return product


def _arrives(case: Case, part: ast.expr) -> bool:
    """Whether a gradient from above is in this part: without one it is no branch."""
    return any(isinstance(n, ast.Name) and n.id in case.reads for n in ast.walk(part))
