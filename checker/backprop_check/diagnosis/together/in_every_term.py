"""One mistake that stands in every term of a sum: the same change in each of them puts the line right, and that is one cause."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from types import ModuleType

from backprop_check.derivation.trees import text
from backprop_check.diagnosis.by_edit.plain import cancels
from backprop_check.diagnosis.by_slip.slips import top_of
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.order import editors
from backprop_check.expression.chains import is_sum
from backprop_check.expression.rewrites import put_all
from backprop_check.expression.work import EDITS
from backprop_check.records import Diagnosis

FEW = 2
"""In so many terms it is told as two mistakes, each with its own words."""

Changed = tuple[ModuleType, list[tuple[ast.expr, ast.expr]]]
"""A mistake, and each term with what it becomes."""


def in_every_term(case: Case) -> Diagnosis | None:
    """Proven by the same edit of each term: all together they make the expression right; told of the first, the others put right."""
    terms = [term for term in top_of(case.draft) if not is_sum(term)] if case.draft is not None else []
    for mistake, changed in case.up_to(EDITS, _changed(case, terms)) if len(terms) > FEW else ():
        right, others = (put_all(case.draft, {id(old): new for old, new in some}) for some in (changed, changed[1:]))
        if case.is_right(right) and not cancels(case, right) and (left := case.put_right(others)) is not None:
            cause: Diagnosis | None = mistake.find(left)
            if cause is not None:
                note = f"{cause.note} So it is in each of the {len(terms)} terms.".strip()
                evidence = f"`{text(right)}` equals autograd's gradient in every trial."
                return replace(cause, note=note, evidence=evidence, fix=text(right), claims=())
    return None


def _changed(case: Case, terms: list[ast.expr]) -> Iterator[Changed]:
    for mistake in editors():
        for edits in zip(*(islice(mistake.edits(case, term), EDITS) for term in terms), strict=False):
            yield mistake, [(term, edited) for term, (edited, _) in zip(terms, edits, strict=True)]
