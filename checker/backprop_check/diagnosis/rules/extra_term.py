"""extra-term: the expression is right but for a term or factor that does not belong to it.

Family: Branches and accumulation
Forward: y = x @ W
Shapes: x (N, K), W (K, M)
Wrong: dx = dy @ W.T + x
Right: dx = dy @ W.T

Why:
A gradient has one term for each use of the value in the forward, and each term one factor for each operation on the
path. What stands there beyond that comes from somewhere else: an update step, a second visit of the same path, a
regulariser that this graph does not have.

Read more: `backprop-check graph` shows who uses the value.

Question: For which use of {node} in the forward does {part} stand in your line?
Traits: of a part, vague
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations

import torch

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.edits import Edit, parts, search, value_of
from backprop_check.diagnosis.phrases import short
from backprop_check.diagnosis.rewrites import put
from backprop_check.records import Diagnosis

CHAIN = 8


def find(case: Case) -> Diagnosis | None:
    """Proven by taking the term away: the expression is then right."""
    found = search(case, edits)
    # What takes the last gradient from above out of an answer is right only where that gradient is special, or beside another mistake.
    if found is None or (case.draft is not None and case.gradients_in(case.draft) and not case.gradients_in(found.tree)):
        return None
    if _is_factor(case, found.part):
        whole = getattr(value_of(case, found.part), "dtype", None) == torch.int64
        return case.proven(
            "index-as-value" if whole else "wrong-local-derivative",
            by=found,
            error=f"`{short(found.part)}` says where, not how much" if whole else f"`{short(found.part)}` is a factor too many",
            note=case.only("Without it the expression is right: the derivative of this operation does not have it."),
            help="Go through the operations on the path, and write one factor for each.",
            evidence="Without this factor the expression equals autograd's gradient in every trial.",
        )
    return case.proven(
        "extra-term",
        by=found,
        error=f"`{short(found.part)}` does not belong here",
        note=case.only("Without it the expression is right."),
        help=f"Count the uses of {case.node} in the forward: one term for each.",
        evidence="Without this part the expression equals autograd's gradient in every trial.",
    )


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    yield from _one_less(case, expression)
    yield from _two_less(case, expression)


def _two_less(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """Two neighbours less in a chain of factors, or any two in a chain of terms."""
    for part in parts(expression):
        for kinds in ((ast.Add, ast.Sub), (ast.Mult, ast.Div)):
            chain = _chain(part, kinds)
            if 3 <= len(chain) <= CHAIN and isinstance(value_of(case, part), torch.Tensor):
                for i, j in combinations(range(1, len(chain)), 2):
                    left = _joined([link for k, link in enumerate(chain) if k not in (i, j)])
                    yield put(expression, part, ast.copy_location(left, part)), chain[j][1]


def _chain(part: ast.expr, kinds: tuple[type[ast.operator], ...]) -> list[tuple[ast.operator, ast.expr]]:
    """The links of `a * b / c`, each with the operator before it."""
    if isinstance(part, ast.BinOp) and isinstance(part.op, kinds):
        return [*_chain(part.left, kinds), (part.op, part.right)]
    return [(ast.Add(), part)]


def _joined(chain: list[tuple[ast.operator, ast.expr]]) -> ast.expr:
    whole = chain[0][1]
    for op, link in chain[1:]:
        whole = ast.BinOp(whole, op, link)
    return whole


def _one_less(case: Case, expression: ast.expr) -> Iterator[Edit]:
    for part in parts(expression):
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add | ast.Sub) and isinstance(value_of(case, part), torch.Tensor):
            yield put(expression, part, part.left), part.right
            right = part.right if isinstance(part.op, ast.Add) else ast.UnaryOp(ast.USub(), part.right)
            yield put(expression, part, right), part.left
    for part in parts(expression):
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult | ast.Div) and isinstance(value_of(case, part), torch.Tensor):
            yield put(expression, part, part.left), part.right
            if isinstance(part.op, ast.Mult):
                yield put(expression, part, part.right), part.left


def _is_factor(case: Case, part: ast.expr) -> bool:
    """Whether the part is a factor; or the `x` of a factor `1 - x`, of which without it only the number would be left."""
    for p in _own(case):
        if isinstance(p, ast.BinOp) and part in (p.left, p.right):
            other = p.right if part is p.left else p.left
            return isinstance(p.op, ast.Mult | ast.Div) or isinstance(other, ast.Constant)
    return False


def _own(case: Case) -> list[ast.expr]:
    return list(parts(case.draft)) if case.draft is not None else []
