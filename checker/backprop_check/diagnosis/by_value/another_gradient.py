"""Two stories that tie: the gradient of another tensor is meant, or the learner's own gradient is, and the slope before it is wrong."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backprop_check.diagnosis.by_edit.edits import Edit, names_used, nearest_first, search
from backprop_check.diagnosis.by_value.wrong_part import wrong_part
from backprop_check.diagnosis.case import Case
from backprop_check.expression.rewrites import put
from backprop_check.records import Diagnosis

OF_THE_REST = "Ask of which line of the forward the rest of yours is the derivative: the gradient of what it computes belongs beside that."


def leads_from(old: str, new: str) -> str:
    """Of a gradient in the place of another one: at what it arrives, and where the rest of the line begins."""
    return f"`{old}` is what arrives at {old[1:]}; the rest of the line leads back from {new[1:]}, where `{new}` arrives."


def another_gradient(case: Case) -> Diagnosis | None:
    """Proven by another gradient's name in the place of the one that stands there: the expression is then right."""
    found = search(case, _edits)
    if found is None or found.part is case.draft:
        return None
    text, tree, part = found
    old, new = ast.unparse(part), next(iter(case.gradients_in(tree) - case.gradients_in(case.draft or tree)), "another gradient")
    return case.proven(
        "wrong-operand",
        error=f"`{old}` stands where another gradient belongs",
        note=leads_from(old, new),
        help=OF_THE_REST,
        span=case.span(part),
        evidence=f"With `{new}` in the place of `{old}` the expression equals autograd's gradient in every trial.",
        fix=text,
    )


def _edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    for node in names_used(expression):
        if node.id in case.available:
            for other in (name for name in nearest_first(case) if name != node.id):
                yield put(expression, node, ast.copy_location(ast.Name(other, ast.Load()), node)), node


def slope_instead(case: Case) -> Diagnosis | None:
    """Proven by another slope before the learner's own gradient: the expression is right with it, and with another gradient as well."""
    found = wrong_part(case) if another_gradient(case) is not None else None
    return found if found is not None and found.code == "wrong-local-derivative" else None
