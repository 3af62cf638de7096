"""Explain verdicts: the first proof that stands speaks; where none does, the facts."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from checker.diagnosis.case import Case
from checker.diagnosis.remarks import remarks
from checker.diagnosis.rules import RULES
from checker.records import Diagnosis, Submission, Verdict
from checker.trace.graph import Graph

Explained = tuple[tuple[Diagnosis, ...], tuple[Diagnosis, ...]]


def explain(graph: Graph, submission: Submission, verdicts: Sequence[Verdict]) -> dict[str, Explained]:
    """Return, by target, its diagnoses and its remarks. No failure in here changes a verdict or hides it."""
    found: dict[str, Explained] = {}
    with warnings.catch_warnings():
        # Trying an edit may make torch warn (`.T` of three axes); that is no news for the learner.
        warnings.simplefilter("ignore")
        for verdict in verdicts:
            case = Case(graph, submission, verdict)
            if verdict.status in ("incorrect", "error"):
                found[verdict.target.name] = ((diagnose(case),), ())
            elif verdict.status == "correct":
                found[verdict.target.name] = ((), remarks(case))
    return found


def diagnose(case: Case) -> Diagnosis:
    """Return the first diagnosis whose proof stands, with the facts as the last resort."""
    for rule in RULES:
        try:
            diagnosis: Diagnosis | None = rule.find(case)
        except Exception:  # noqa: S112
            # A crash in an explainer never hides the verdict: the next rule may still speak, and the last gives facts only.
            continue
        if diagnosis is not None:
            return diagnosis
    return Diagnosis("unrecognised", "located", error="this is not the gradient", evidence="Compared with autograd's gradient.")
