"""The story that may stand beside a gradient taken for another one: the gradient is meant, and the slope before it is wrong."""

from __future__ import annotations

from backprop_check.diagnosis import exchanged
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.instead import instead
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by another slope before the learner's own gradient: the expression is right with it, and with another gradient as well."""
    found = instead(case) if exchanged.find(case) is not None else None
    return found if found is not None and found.code == "wrong-local-derivative" else None
