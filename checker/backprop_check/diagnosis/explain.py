"""Explain the verdicts on one submission: the causes of wrong answers, and remarks on right ones."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

import torch

from backprop_check.diagnosis.attempt import attempt
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.mistakes import not_written
from backprop_check.diagnosis.remarks import remarks
from backprop_check.expression.work import SEARCH, Work
from backprop_check.records import Diagnosis, Submission, Verdict
from backprop_check.trace.graph import Graph, default_dtype, one_thread

Explained = tuple[tuple[Diagnosis, ...], tuple[Diagnosis, ...]]


def explain(graph: Graph, submission: Submission, verdicts: Sequence[Verdict], most: float = math.inf) -> dict[str, Explained]:
    """Return, by target, its diagnoses and its remarks. No failure in here changes a verdict or hides it.

    After so much `Work` for the whole submission the wrong answers that are left get facts only, and the facts say so.
    """
    work = Work()
    found: dict[str, Explained] = {}
    # As the learner's code runs: a number times a whole-number tensor is float64.
    with warnings.catch_warnings(), default_dtype(torch.float64), one_thread():
        # Trying an edit may make torch warn (`.T` of three axes); that is no news for the learner.
        warnings.simplefilter("ignore")
        for verdict in verdicts:
            case = Case(graph, submission, verdict, work, min(work.done + SEARCH, most))
            found[verdict.target.name] = ((), remarks(case)) if verdict.status == "correct" else (_causes(case, most), ())
    return found


def _causes(case: Case, most: float) -> tuple[Diagnosis, ...]:
    near = attempt(not_written.find, case)
    if near is None and case.verdict.status == "missing":
        return ()
    from backprop_check.diagnosis import causes  # loads every mistake, which neither a right answer nor a stub needs

    return causes.of(case, near, most)


def needs_no_word(verdict: Verdict) -> bool:
    """Whether there is no cause to be sought and nothing to remark."""
    return verdict.status == "missing" or (verdict.status == "correct" and not verdict.why and not verdict.runs[0].changed)
