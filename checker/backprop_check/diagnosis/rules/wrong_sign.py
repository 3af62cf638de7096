"""wrong-sign: the right gradient with the opposite sign.

Family: Local derivative
Forward: y = s**-1
Shapes: s (N,)
Wrong: ds = s**-2 * dy
Right: ds = -(s**-2) * dy

Why:
The sign of a derivative says whether the output grows or shrinks when the variable grows. 1/s shrinks, so its
derivative is negative; a value that is subtracted, or that stands in a denominator or under a negative power, sends a
minus back.

Read more: any table of derivatives; the power rule.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import torch

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.edits import Edit, parts, search, value_of
from backprop_check.diagnosis.paths import off, paths
from backprop_check.diagnosis.rewrites import negated, put
from backprop_check.diagnosis.rules.subtracted_branch import bent
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by turning the answer's sign: it is then the oracle."""
    if not case.mends(lambda a, o: -a):
        return _of_term(case) or _of_path(case)
    used = case.consumers[0] if len(case.consumers) == 1 else None
    sizes = case.only("Shape and size are right; the sign is not. ")
    where = f"`{used.name} = {used.source}`" if used else "the forward"
    return Diagnosis(
        code="wrong-sign",
        certainty="proven",
        error=f"every number of {case.name} has the opposite sign",
        note=f"{sizes}Where {case.node} grows a little, look at which way {where} moves.",
        help="Find the minus that the derivative brings, or the one too many.",
        span=case.span(),
        evidence="The answer times -1 equals autograd's gradient in every trial.",
        fix=case.fix(negated(case.expression)) if case.expression is not None else None,
    )


def _of_term(case: Case) -> Diagnosis | None:
    found = search(case, edits)
    if found is None:
        return None
    return Diagnosis(
        code="wrong-sign",
        certainty="proven",
        error=f"`{ast.unparse(found[2])}` has the opposite sign",
        note=case.only("All the rest of the expression is right."),
        help="Find the minus that the derivative brings, or the one too many.",
        span=case.span(found[2]),
        evidence=f"`{found[0]}` equals autograd's gradient in every trial.",
        fix=found[0],
    )


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """One term of a sum with its sign turned; the right one of a difference is for `subtracted-branch`, where paths may meet."""
    inside = bent(expression)
    for part in parts(expression):
        if id(part) in inside and isinstance(part, ast.BinOp) and isinstance(part.op, ast.Sub):
            yield put(expression, part, ast.copy_location(ast.BinOp(part.left, ast.Add(), part.right), part)), part.right
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add | ast.Sub):
            terms = (part.left, part.right) if isinstance(part.op, ast.Add) else (part.left,)
            yield from ((put(expression, term, ast.copy_location(negated(term), term)), term) for term in terms)
    for part in parts(expression):
        if isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.USub) and not isinstance(part.operand, ast.Constant):
            yield put(expression, part, part.operand), part
        elif isinstance(part, ast.Call) and part.args and isinstance(value_of(case, part.args[0]), torch.Tensor):
            yield put(expression, part.args[0], ast.copy_location(negated(part.args[0]), part.args[0])), part.args[0]


def _of_path(case: Case) -> Diagnosis | None:
    """One use of the node came in with the wrong sign, and nothing in the answer subtracts (that would be a subtracted branch)."""
    nodes = [n for s in case.written for n in ast.walk(s)] + (list(ast.walk(case.expression)) if case.expression is not None else [])
    if any(isinstance(n, ast.BinOp | ast.AugAssign) and isinstance(n.op, ast.Sub) for n in nodes) or not case.everywhere:
        return None
    found = paths(case) if case.same_shape else []
    path = off(case, found, [-1.0] * len(case.runs))
    if path is None:
        return None
    return Diagnosis(
        code="wrong-sign",
        certainty="proven",
        error=f"the part through {path.told} has the opposite sign",
        note=f"What comes back through the other uses of {case.node} is right.",
        help=f"Where {case.node} grows a little, look at which way `{path.line.name} = {path.line.source}` moves.",
        span=case.span(),
        evidence=f"Autograd's gradient, with the part through {path.told} taken times -1, is your answer in every trial.",
    )
