"""Explain verdicts: the first proof that stands speaks; where none does, the facts."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from types import ModuleType

import torch

from backprop_check.diagnosis import valued
from backprop_check.diagnosis.attempt import attempt
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import equal
from backprop_check.diagnosis.failure import stopped
from backprop_check.diagnosis.instead import incomplete, otherwise
from backprop_check.diagnosis.mend import nearest
from backprop_check.diagnosis.moved import moved
from backprop_check.diagnosis.neighbours import neighbour
from backprop_check.diagnosis.places import with_places
from backprop_check.diagnosis.quotient import find as quotient
from backprop_check.diagnosis.remarks import remarks
from backprop_check.diagnosis.rounds import by_statement, near, stopped_within
from backprop_check.diagnosis.rules import ORDER, TIES, autograd_used, hard_coded_size, not_written, unrecognised, wrong_idea
from backprop_check.diagnosis.several import several
from backprop_check.diagnosis.slipped import slipped
from backprop_check.diagnosis.updated import updated
from backprop_check.diagnosis.work import Work
from backprop_check.records import Diagnosis, Submission, Verdict
from backprop_check.trace.graph import Graph, default_dtype, one_thread

Explained = tuple[tuple[Diagnosis, ...], tuple[Diagnosis, ...]]

SEARCH, MEND = 40_000, 12_000
"""What an answer may cost (of `Work`): to find its cause, and then to find a near repair."""
LAST = (wrong_idea, unrecognised)
"""What is said where no cause is proven: that the idea is another, or the facts."""

BY_VALUE = (by_statement, neighbour, slipped, moved, incomplete, updated, hard_coded_size.besides)
"""What explains an answer by its value alone, whatever its form; these know several names."""

OF_ALL_NUMBERS = ("wrong-scale", "wrong-sign", "wrong-mask", "not-selected", "missing-branch", "wrong-idea")
"""Mistakes that are known by all numbers of an answer, and may be told of one line more exactly."""

USED_UP = "What may be searched for one submission was used up by its other gradients, so no cause was sought for this one."

FACTS = Diagnosis("unrecognised", "located", error="this is not the gradient", evidence="Compared with autograd's gradient.")


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
            if verdict.status in ("incorrect", "error") and not not_written.unassigned(verdict, submission):
                causes = diagnose(case, most) if work.done < most else (facts_only(case),)
                found[verdict.target.name] = (_placed(case, causes), ())
            elif verdict.status in ("missing", "error"):
                near = attempt(not_written.find, case)
                causes = (_with_fix(not_written.there(case, near), near, most),) if near is not None else ()
                found[verdict.target.name] = (_placed(case, causes), ())
            else:
                found[verdict.target.name] = ((), remarks(case))
    return found


def diagnose(case: Case, most: float = math.inf) -> tuple[Diagnosis, ...]:
    """Return the cause that is proven first, or several proven together, or else the facts; with the right expression."""
    if (end := attempt(stopped, case)) is not None:
        return (end,)
    if (near_it := attempt(quotient, case)) is not None:
        return (_claimed(near_it),)
    there = attempt(stopped_within, case)
    if case.verdict.difference.wrong == "value" and not all(bool(torch.isfinite(oracle).all()) for oracle in case.oracles):
        return (_first(case, (autograd_used, unrecognised)) or FACTS,)  # a proof by value says nothing of places that have no value
    causes = (proven(there) if there is not None else ()) or proven(case) or attempt(lambda c: several(c, single), case)
    if not causes:
        causes = (attempt(otherwise, case) or _first(there or case, LAST) or FACTS,)
    return (_with_fix(case, causes[0], most), *map(_claimed, causes[1:]))


def _placed(case: Case, causes: tuple[Diagnosis, ...]) -> tuple[Diagnosis, ...]:
    """A single cause, in all of its places."""
    return (attempt(partial(with_places, diagnosis=causes[0]), case) or causes[0],) if len(causes) == 1 else causes


def _with_fix(case: Case, cause: Diagnosis, most: float) -> Diagnosis:
    if case.derived is not None and cause.fix == case.derived.text and cause == attempt(valued.find, case):
        fix: str | None = cause.fix  # of a plain value nothing is to be kept: a line that is nearer to it is stranger
    else:
        told = None if cause.code == "wrong-idea" else cause.fix  # who is to begin again is told of no line
        fix = attempt(lambda c: nearest(c, told), replace(case, until=min(case.until + MEND, most))) or cause.fix
    # The evidence quotes the line that was found; it is true of the plainer one that is shown.
    evidence = cause.evidence.replace(f"`{cause.fix}` equals", f"`{fix}` equals") if fix is not None else cause.evidence
    nearer = _claimed(replace(_claimed(cause), fix=fix, evidence=evidence))
    if nearer.near is None and case.draft is None:
        nearer = replace(nearer, near=attempt(near, replace(case, until=min(case.until + MEND, most))))
    return attempt(lambda _: nearer, case) or _claimed(cause)


def _claimed(cause: Diagnosis) -> Diagnosis:
    """With the claim that its fix is right."""
    known = cause.fix is None or equal(cause.fix) in cause.claims
    return cause if known else replace(cause, claims=(*cause.claims, equal(cause.fix or "")))


def facts_only(case: Case) -> Diagnosis:
    """What is said once the submission's searches are used up."""
    facts = _first(case, (unrecognised,)) or FACTS
    return replace(facts, note=f"{facts.note} {USED_UP}".strip())


def proven(case: Case) -> tuple[Diagnosis, ...]:
    """The first single cause whose proof stands; with those whose proofs stand as well as it does, each offered as one of them."""
    for rule in ORDER:
        cause = attempt(rule.find, case)
        if cause is not None:
            if cause.code in OF_ALL_NUMBERS and cause.span == case.span() and (nearer := attempt(by_statement, case)) is not None:
                return (nearer,)  # of a loop as a whole the one thing in it that is wrong
            peers = [peer for tie in TIES if rule in tie for peer in tie - {rule}]
            others = {d.code: d for d in (attempt(peer.find, case) for peer in peers) if d is not None and d.code != cause.code}
            return tuple(replace(d, certainty="one-of") for d in (cause, *others.values())) if others else (cause,)
    cause = next(filter(None, (attempt(prove, case) for prove in BY_VALUE)), None)
    return (cause,) if cause is not None else ()


def single(case: Case) -> Diagnosis | None:
    """The first single cause whose proof stands, where others are sought beside it."""
    return next(iter(proven(case)), None)


def _first(case: Case, rules: Iterable[ModuleType]) -> Diagnosis | None:
    return next(filter(None, (attempt(rule.find, case) for rule in rules)), None)
