"""Several mistakes in one answer, named one after the other."""

from __future__ import annotations

import ast
from collections.abc import Callable

from backprop_check.derivation.trees import text
from backprop_check.diagnosis.by_edit.edits import names_used
from backprop_check.diagnosis.by_replay.paths import Path, paths, through
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import of, uses_taken
from backprop_check.diagnosis.pages import page
from backprop_check.diagnosis.together.beside import OTHER, told_beside
from backprop_check.diagnosis.together.edit_and_slip import beside_a_last_step, beside_a_shape, edit_and_slip, shifted_gradients
from backprop_check.diagnosis.together.in_every_term import in_every_term
from backprop_check.diagnosis.together.in_two_terms import in_two_terms
from backprop_check.expression.rewrites import put
from backprop_check.records import Diagnosis

First = Callable[[Case], Diagnosis | None]
"""The first single cause that is proven of a case."""

USES = 3


def two_mistakes(case: Case, first: First) -> tuple[Diagnosis, ...]:
    """Return the mistakes of an answer that no single one explains; nothing where they are not proven together."""
    if (everywhere := in_every_term(case)) is not None:
        return (everywhere,)
    alike = in_two_terms(case, first, alike=True)  # by the line they would be sought twice
    found = (
        alike
        or a_gradient_for_its_value(case, first)
        or edit_and_slip(case, first)
        or beside_a_shape(case, first)
        or beside_a_branch(case, first)
        or in_two_terms(case, first)
    )
    return found or beside_a_last_step(case, first)


def a_gradient_for_its_value(case: Case, first: First) -> tuple[Diagnosis, ...]:
    """`1 - dk` for `1 - k`, where the line with that put right is another one that is often written for the gradient."""
    for part in shifted_gradients(case, case.draft) if case.draft is not None and case.everywhere else ():
        for name in names_used(part):
            value = ast.copy_location(ast.Name(name.id[1:], ast.Load()), name)
            left = case.put_right(put(case.draft, name, value)) if name.id in case.reads else None  # type: ignore[arg-type]
            two = first(left) if left is not None else None
            if left is None or two is None or "vague" in page(two.code).traits:
                continue
            one = first(case.towards(left.answers))
            if one is not None and one.code == "wrong-operand":
                return told_beside(case, one), told_beside(case, two, left)
    return ()


def beside_a_branch(case: Case, first: First) -> tuple[Diagnosis, ...]:
    """A use of the node is left out, and what is there for the others is wrong too: it is held against their part of the gradient."""
    found = paths(case) if case.everywhere else []
    if not 2 <= len(found) <= USES:
        return ()
    for lost in found:
        kept = tuple(path for path in found if path is not lost)
        whole = _with_term(case, lost)
        if whole is not None and whole.edited is not None and case.is_right(whole.edited):
            return (_branch_alone(case, lost, whole.edited),)
        cause = first(case.towards(through(case, kept)) if whole is None else whole)
        if cause is not None and "vague" not in page(cause.code).traits:
            missing = case.proven(
                "missing-branch",
                error=f"and nothing comes back through {lost.told}",
                note=f"{case.node} is also used in `{lost.line.name} = {lost.line.source}`; that use sends a gradient back too.",
                help=f"Work out what comes back through {lost.told}, and add it.",
                evidence=f"{OTHER.capitalize()}, the answer is autograd's gradient without the part through {lost.told}.",
                claims=(of(uses_taken(0, [lost]), half),) if (half := _half(cause, whole)) is not None else (),
            )
            return told_beside(case, cause, whole), missing
    return ()


def _branch_alone(case: Case, lost: Path, whole: ast.expr) -> Diagnosis:
    """The use is all that is left out, where by its shape the answer could not be held against the others' part of the gradient."""
    return case.proven(
        "missing-branch",
        error=f"nothing comes back through {lost.told}",
        note=f"{case.node} is also used in `{lost.line.name} = {lost.line.source}`; that use sends a gradient back too.",
        help=f"Work out what comes back through {lost.told}, and add it.",
        evidence="With what comes back there added, the expression equals autograd's gradient in every trial.",
        fix=text(whole),
    )


def _half(cause: Diagnosis, whole: Case | None) -> str | None:
    """The line with its other mistake put right, and that use still left out."""
    if cause.fix is None or whole is None or not isinstance(whole.edited, ast.BinOp):
        return cause.fix
    return f"{cause.fix} - ({ast.unparse(whole.edited.right)})"


def _with_term(case: Case, lost: Path) -> Case | None:
    """The answer with what comes back through the lost use, as it is derived, added to it."""
    terms = [term for term in case.derived.terms if term.line == lost.line] if case.derived is not None else []
    if case.draft is None or len(terms) != 1 or lost.uses != 1:
        return None
    return case.put_right(ast.BinOp(case.draft, ast.Add(), terms[0].expression))
