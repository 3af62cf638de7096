"""not-callable: a number or a tensor stands before brackets, as if it were a function.

Family: The line raised, or is not an answer
Forward: y = x * 3
Shapes: x (N, C)
Wrong: dx = 3(dy)
Right: dx = 3 * dy

Why:
On paper 3(x + y) is a product; in Python brackets after a value call it as a function. Between two factors there is
always an operator.

Read more: The Python Tutorial, "Defining Functions".

Question: What stands before the brackets: a function, or something to multiply with?
Law: A bracket after a value is a call. Two things side by side are not multiplied: `*` or `@` has to say so.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import torch

from backprop_check.diagnosis import claims
from backprop_check.diagnosis.by_edit.edits import Edit, parts, search, value_of
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.raised.refusals import raising
from backprop_check.expression.rewrites import operations, put
from backprop_check.expression.vocabulary import ATTRIBUTES
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    raised = case.verdict.answer.raised
    if raised is None or raised.kind != "TypeError" or "not callable" not in raised.message:
        return None
    found = search(case, edits)
    attribute = _attribute(case)
    return case.proven(
        "not-callable",
        error="what stands before these brackets is no function",
        note="In Python brackets right after a value call it; they do not multiply.",
        help=f"`{attribute}` is no method: leave the brackets after it out."
        if attribute
        else f"Write the operator, `{_operator(found.tree, found.part)}`, between the two."
        if found
        else "To multiply, write the operator between the two, `*` or `@`; to pick an element, write square brackets.",
        span=raised.span,
        evidence=f"The line raised TypeError: {raised.message}.",
        claims=(claims.raised(case),),
        fix=found.fix if found else None,
    )


def _attribute(case: Case) -> str | None:
    """`a.T()`: what has no brackets after it."""
    for node in raising(case):
        func = node.func if isinstance(node, ast.Call) else None
        if isinstance(func, ast.Attribute) and func.attr in ATTRIBUTES and isinstance(value_of(case, func.value), torch.Tensor):
            return ast.unparse(func)
    return None


def _operator(right: ast.expr, call: ast.expr) -> str:
    """The operator that the right line has in the place of the brackets."""
    products = (p for p in operations(right, ast.MatMult) if ast.dump(p.right) == ast.dump(call.args[0]))  # type: ignore[attr-defined]
    return "@" if next(products, None) is not None else "*"


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    for part in parts(expression):
        if isinstance(part, ast.Call) and len(part.args) == 1:
            for operator in (ast.Mult(), ast.MatMult()):
                yield put(expression, part, ast.copy_location(ast.BinOp(_multiplied(part.func), operator, part.args[0]), part)), part


def _multiplied(func: ast.expr) -> ast.expr:
    """`2 * c` for the `2(c)` of `2(c)(b)`."""
    if isinstance(func, ast.Call) and len(func.args) == 1 and not isinstance(func.func, ast.Attribute):
        return ast.copy_location(ast.BinOp(_multiplied(func.func), ast.Mult(), func.args[0]), func)
    return func
