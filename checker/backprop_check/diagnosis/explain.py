"""Explain verdicts: the first proof that stands speaks; where none does, the facts."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from types import ModuleType
from typing import TypeVar

import torch

from backprop_check.diagnosis import valued
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.failure import stopped
from backprop_check.diagnosis.instead import incomplete, otherwise
from backprop_check.diagnosis.mend import nearest
from backprop_check.diagnosis.moved import moved
from backprop_check.diagnosis.neighbours import neighbour
from backprop_check.diagnosis.remarks import remarks
from backprop_check.diagnosis.rules import ORDER, TIES, autograd_used, hard_coded_size, not_written, unrecognised, wrong_idea
from backprop_check.diagnosis.several import several
from backprop_check.diagnosis.slipped import slipped
from backprop_check.diagnosis.updated import updated
from backprop_check.diagnosis.work import Work
from backprop_check.records import Diagnosis, Submission, Verdict
from backprop_check.trace.graph import Graph, default_dtype

Explained = tuple[tuple[Diagnosis, ...], tuple[Diagnosis, ...]]

T = TypeVar("T")

SEARCH, MEND = 40_000, 12_000
"""What an answer may cost (of `Work`): to find its cause, and then to find a near repair."""
LAST = (wrong_idea, unrecognised)
"""What is said where no cause is proven: that the idea is another, or the facts."""

BY_VALUE = (neighbour, slipped, moved, incomplete, updated, hard_coded_size.besides)
"""What explains an answer by its value alone, whatever its form; these know several names."""

USED_UP = "What may be searched for one submission was used up by its other gradients, so no cause was sought for this one."

FACTS = Diagnosis("unrecognised", "located", error="this is not the gradient", evidence="Compared with autograd's gradient.")


def explain(graph: Graph, submission: Submission, verdicts: Sequence[Verdict], most: float = math.inf) -> dict[str, Explained]:
    """Return, by target, its diagnoses and its remarks. No failure in here changes a verdict or hides it.

    After so much `Work` for the whole submission the wrong answers that are left get facts only, and the facts say so.
    """
    work = Work()
    found: dict[str, Explained] = {}
    # As the learner's code runs: a number times a whole-number tensor is float64.
    with warnings.catch_warnings(), default_dtype(torch.float64):
        # Trying an edit may make torch warn (`.T` of three axes); that is no news for the learner.
        warnings.simplefilter("ignore")
        for verdict in verdicts:
            case = Case(graph, submission, verdict, work, min(work.done + SEARCH, most))
            if verdict.status in ("incorrect", "error"):
                found[verdict.target.name] = (diagnose(case, most) if work.done < most else (facts_only(case),), ())
            elif verdict.status == "missing":
                near = _attempt(not_written.find, case)
                found[verdict.target.name] = ((_with_fix(not_written.there(case, near), near, most),) if near is not None else (), ())
            else:
                found[verdict.target.name] = ((), remarks(case))
    return found


def diagnose(case: Case, most: float = math.inf) -> tuple[Diagnosis, ...]:
    """Return the cause that is proven first, or several proven together, or else the facts; with the right expression."""
    if (end := _attempt(stopped, case)) is not None:
        return (end,)
    if case.verdict.difference.wrong == "value" and not all(bool(torch.isfinite(oracle).all()) for oracle in case.oracles):
        return (_first(case, (autograd_used, unrecognised)) or FACTS,)  # a proof by value says nothing of places that have no value
    causes = proven(case) or _attempt(lambda c: several(c, single), case)
    if not causes:
        causes = (_attempt(otherwise, case) or _first(case, LAST) or FACTS,)
    return (_with_fix(case, causes[0], most), *causes[1:])


def _with_fix(case: Case, cause: Diagnosis, most: float) -> Diagnosis:
    if case.derived is not None and cause.fix == case.derived.text and cause == _attempt(valued.find, case):
        return cause  # of a plain value nothing is to be kept: a line that is nearer to it is stranger
    fix = _attempt(lambda c: nearest(c, cause.fix), replace(case, until=min(case.until + MEND, most)))
    return replace(cause, fix=fix or cause.fix)


def facts_only(case: Case) -> Diagnosis:
    """What is said once the submission's searches are used up."""
    facts = _first(case, (unrecognised,)) or FACTS
    return replace(facts, note=f"{facts.note} {USED_UP}".strip())


def proven(case: Case) -> tuple[Diagnosis, ...]:
    """The first single cause whose proof stands; with those whose proofs stand as well as it does, each offered as one of them."""
    for rule in ORDER:
        cause = _attempt(rule.find, case)
        if cause is not None:
            peers = [peer for tie in TIES if rule in tie for peer in tie - {rule}]
            others = {d.code: d for d in (_attempt(peer.find, case) for peer in peers) if d is not None and d.code != cause.code}
            return tuple(replace(d, certainty="one-of") for d in (cause, *others.values())) if others else (cause,)
    cause = next(filter(None, (_attempt(prove, case) for prove in BY_VALUE)), None)
    return (cause,) if cause is not None else ()


def single(case: Case) -> Diagnosis | None:
    """The first single cause whose proof stands, where others are sought beside it."""
    return next(iter(proven(case)), None)


def _first(case: Case, rules: Iterable[ModuleType]) -> Diagnosis | None:
    return next(filter(None, (_attempt(rule.find, case) for rule in rules)), None)


def _attempt(explainer: Callable[[Case], T | None], case: Case) -> T | None:
    """A crash in an explainer never hides the verdict: the next one may still speak, and the last gives facts only."""
    try:
        return explainer(case)
    except Exception:
        return None
