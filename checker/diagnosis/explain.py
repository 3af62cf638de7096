"""Explain verdicts: the first proof that stands speaks; where none does, the facts."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from checker.diagnosis.case import Case
from checker.diagnosis.mend import nearest, repairs
from checker.diagnosis.remarks import remarks
from checker.diagnosis.rules import RULES
from checker.records import Diagnosis, Submission, Verdict
from checker.trace.graph import Graph

Explained = tuple[tuple[Diagnosis, ...], tuple[Diagnosis, ...]]

T = TypeVar("T")

SEARCH_SECONDS = 1.5
FACTS = Diagnosis("unrecognised", "located", error="this is not the gradient", evidence="Compared with autograd's gradient.")


def explain(graph: Graph, submission: Submission, verdicts: Sequence[Verdict]) -> dict[str, Explained]:
    """Return, by target, its diagnoses and its remarks. No failure in here changes a verdict or hides it."""
    found: dict[str, Explained] = {}
    with warnings.catch_warnings():
        # Trying an edit may make torch warn (`.T` of three axes); that is no news for the learner.
        warnings.simplefilter("ignore")
        for verdict in verdicts:
            case = Case(graph, submission, verdict, time.monotonic() + SEARCH_SECONDS)
            if verdict.status in ("incorrect", "error"):
                found[verdict.target.name] = (diagnose(case), ())
            elif verdict.status == "correct":
                found[verdict.target.name] = ((), remarks(case))
    return found


def diagnose(case: Case) -> tuple[Diagnosis, ...]:
    """Return the first diagnosis whose proof stands, or else the facts; with the right expression where one is known."""
    diagnosis = next(filter(None, (_attempt(rule.find, case) for rule in RULES)), FACTS)
    if diagnosis.fix is None:
        diagnosis = replace(diagnosis, fix=_attempt(lambda case: nearest(case, repairs(case)), case))
    return (diagnosis,)


def _attempt(explainer: Callable[[Case], T | None], case: Case) -> T | None:
    """A crash in an explainer never hides the verdict: the next one may still speak, and the last gives facts only."""
    try:
        return explainer(case)
    except Exception:
        return None
