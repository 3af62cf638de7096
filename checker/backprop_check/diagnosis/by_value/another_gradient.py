"""Two stories that tie: the gradient of another tensor is meant, or the learner's own gradient is, and the slope before it is wrong."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backprop_check.diagnosis.by_edit.edits import Edit, Mended, names_used, nearest_first, parts, search
from backprop_check.diagnosis.by_value.wrong_part import wrong_part
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.phrases import lines
from backprop_check.expression.chains import is_sum, terms
from backprop_check.expression.rewrites import put, same_place
from backprop_check.records import Diagnosis


def leads_from(case: Case, found: Mended, new: str) -> tuple[str, str]:
    """Note and help, of a gradient in the place of another one: at what it arrives, and what stands beside it in the line."""
    draft, old, to = case.draft, ast.unparse(found.part), new[1:]
    assert draft is not None
    sums = [[term for _, term in terms(p)] for p in parts(draft) if is_sum(p) and any(q is found.part for q in parts(p))]
    note = f"`{old}` is what arrives at {old[1:]}; "
    if sums and any(term is found.part for term in sums[-1]):
        line = next((line for line in case.consumers if line.name == to), None)
        by = f"through {lines([line])}" if line else f"on its way through {to}"
        return (
            f"{note}{by}, what arrives at {to} comes back to {case.node}: `{new}`.",
            f"Ask of each line that uses {case.node} what arrives at its result: the term for that line is made of it.",
        )
    rest, mine = ("the rest of its term", "the rest of this term") if sums else ("the rest of the line", "the rest of yours")
    return (
        f"{note}{rest} leads back from {to}, where `{new}` arrives.",
        f"Ask of which line of the forward {mine} is the derivative: the gradient of what it computes belongs beside that.",
    )


def another_gradient(case: Case) -> Diagnosis | None:
    """Proven by another gradient's name in the place of the one that stands there: the expression is then right."""
    found = search(case, _edits)
    if found is None or found.part is case.draft:
        return None
    text, tree, part = found
    assert case.draft is not None
    there = same_place(case.draft, tree, part)
    assert isinstance(there, ast.Name)
    old, new = ast.unparse(part), there.id
    note, help_ = leads_from(case, found, new)
    return case.proven(
        "wrong-operand",
        error=f"`{old}` stands where another gradient belongs",
        note=note,
        help=help_,
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
