"""Several mistakes in one answer, named one after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.met import met
from backprop_check.diagnosis.paths import paths, total
from backprop_check.records import Diagnosis

First = Callable[[Case], Diagnosis | None]
"""The first single cause that is proven of a case."""

USES = 3
VAGUE = frozenset({"extra-term", "missing-upstream", "wrong-operand", "wrong-point", "wrong-local-derivative"})
"""Causes that would explain away a term which is simply wrong, if a branch may be missing too."""


def several(case: Case, first: First) -> tuple[Diagnosis, ...]:
    """Return the mistakes of an answer that no single one explains; nothing where they are not proven together."""
    found = beside_a_branch(case, first) or met(case, first)
    return tuple(map(_beside_another, found)) if len(found) > 1 else found


def _beside_another(cause: Diagnosis) -> Diagnosis:
    """Say of a cause what was proven of it: that it holds once the other mistake is put right."""
    note = cause.note.replace("The numbers are right", "Once the other mistake is put right, the numbers are right")
    evidence = cause.evidence if "the other mistake" in cause.evidence else f"With the other mistake put right: {cause.evidence}"
    return replace(cause, note=note, evidence=evidence if cause.evidence else "")


def beside_a_branch(case: Case, first: First) -> tuple[Diagnosis, ...]:
    """A use of the node is left out, and what is there for the others is wrong too: it is held against their part of the gradient."""
    found = paths(case) if case.everywhere else []
    if not 2 <= len(found) <= USES:
        return ()
    for lost in found:
        kept = tuple(path for path in found if path is not lost)
        cause = first(case.towards(total(case, kept)))
        if cause is not None and cause.code not in VAGUE:
            missing = Diagnosis(
                code="missing-branch",
                certainty="proven",
                error=f"and nothing comes back through {lost.told}",
                note=f"{case.node} is also used in `{lost.line.name} = {lost.line.source}`; that use sends a gradient back too.",
                help=f"Work out what comes back through {lost.told}, and add it.",
                span=case.span(),
                evidence=f"Once the other mistake is put right, the answer is autograd's gradient without the part through {lost.told}.",
            )
            return replace(cause, fix=None), missing
    return ()
