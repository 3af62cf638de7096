"""The causes of one answer that is not right: the first proof that stands speaks; where none does, the facts."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import torch

from backprop_check.derivation.trees import text
from backprop_check.diagnosis.attempt import attempt
from backprop_check.diagnosis.by_edit.all_places import with_all_places
from backprop_check.diagnosis.by_edit.edits import value_of
from backprop_check.diagnosis.by_edit.mend import nearest
from backprop_check.diagnosis.by_value import valued
from backprop_check.diagnosis.by_value.quotient import find as quotient
from backprop_check.diagnosis.by_value.wrong_part import any_wrong_part, one_name
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import equal, met
from backprop_check.diagnosis.meeting import operands_of
from backprop_check.diagnosis.mistakes import not_written
from backprop_check.diagnosis.order import LAST, ORDER, Find, found, peers
from backprop_check.diagnosis.pages import page
from backprop_check.diagnosis.raised.failure import failing_part, stopped
from backprop_check.diagnosis.steps.rounds import by_statement, changed_value, near, stopped_within
from backprop_check.diagnosis.together.beside import naming_each_other
from backprop_check.diagnosis.together.two_mistakes import two_mistakes
from backprop_check.expression.work import MEND
from backprop_check.records import Claim, Diagnosis

USED_UP = "What may be searched for one submission was used up by its other gradients, so no cause was sought for this one."

FACTS = Diagnosis("unrecognised", "located", error="this is not the gradient", evidence="Compared with autograd's gradient.")


def of(case: Case, elsewhere: Diagnosis | None, most: float = math.inf) -> tuple[Diagnosis, ...]:
    """Return the causes, in all their places; facts only once `most` work is done. `elsewhere`: it is not written, and this says where."""
    if elsewhere is not None:
        return _placed(case, (_with_fix(not_written.there(case, elsewhere), elsewhere, most),))
    if not_written.unassigned(case.verdict, case.submission):
        return ()
    return _placed(case, diagnose(case, most) if case.work.done < most else (facts_only(case),))


def diagnose(case: Case, most: float = math.inf) -> tuple[Diagnosis, ...]:
    """Return the cause that is proven first, or several proven together, or else the facts; with the right expression."""
    if (end := attempt(stopped, case)) is not None:
        return (end,)
    if (near_it := attempt(quotient, case)) is not None:
        return (_claimed(near_it),)
    there = attempt(stopped_within, case)
    if case.verdict.difference.wrong == "value" and not all(bool(torch.isfinite(oracle).all()) for oracle in case.oracles):
        return (_first(case, ("autograd-used", "unrecognised")) or FACTS,)  # a proof by value says nothing of places that have no value
    explainer, causes = proven(there) if there is not None else (None, ())
    if not causes:
        explainer, causes = proven(case)
    if not causes and (one := attempt(one_name, case)) is not None:
        causes = (one,)
    last = () if causes or case.work.done > most else attempt(lambda c: two_mistakes(c, single), case)
    causes = causes or last or (attempt(any_wrong_part, case) or _first(there or case, LAST) or FACTS,)
    mended = _with_fix(case, causes[0], most, plain=explainer is valued.find)
    first = replace(mended, claims=(*mended.claims, *(attempt(_met, there or case) or ())))
    return naming_each_other((first, *map(_claimed, causes[1:])))


def _placed(case: Case, causes: tuple[Diagnosis, ...]) -> tuple[Diagnosis, ...]:
    """A single cause, in all of its places."""
    return (attempt(partial(with_all_places, diagnosis=causes[0]), case) or causes[0],) if len(causes) == 1 else causes


def _with_fix(case: Case, cause: Diagnosis, most: float, plain: bool = False) -> Diagnosis:
    """With the right line nearest to the learner's; of a `plain` value that is no computation, its own: one nearer keeps it."""
    fix = cause.fix if plain and not isinstance(case.draft, ast.BinOp) else None
    if fix is None:
        # Who is to begin again is told of no line, nor who computed a plain value.
        told = None if cause.code == "wrong-idea" or plain else cause.fix
        fix = attempt(lambda c: nearest(c, told), replace(case, until=min(case.until + MEND, most))) or cause.fix
    # The evidence quotes the line that was found; it is true of the plainer one that is shown.
    evidence = cause.evidence.replace(f"`{cause.fix}` equals", f"`{fix}` equals") if fix is not None else cause.evidence
    nearer = _claimed(replace(_claimed(cause), fix=fix, evidence=evidence))
    if nearer.near is None and case.draft is None:
        changed = attempt(near, replace(case, until=min(case.until + MEND, most)))
        if changed is not None:
            span = changed_value(case, changed[1]) if nearer.span == case.span() else None
            nearer = replace(nearer, near=changed[0], claims=(*nearer.claims, changed[1]), span=span or nearer.span)
    return attempt(lambda _: nearer, case) or _claimed(cause)


def _met(case: Case) -> tuple[Claim, ...]:
    """The shapes of what met where the line raised."""
    raised, part = case.verdict.runs[0].answers[case.name].raised, failing_part(case)
    if raised is None or part is None or case.name not in case.submission.statements[raised.statement].writes:
        return ()
    values = {text(operand): value_of(case, operand) for operand in operands_of(part)}
    shapes = {of: value.shape for of, value in values.items() if isinstance(value, torch.Tensor)}
    return (met(shapes),) if shapes else ()


def _claimed(cause: Diagnosis) -> Diagnosis:
    """With the claim that its fix is right."""
    known = cause.fix is None or equal(cause.fix) in cause.claims
    return cause if known else replace(cause, claims=(*cause.claims, equal(cause.fix or "")))


def facts_only(case: Case) -> Diagnosis:
    """What is said once the submission's searches are used up."""
    facts = _first(case, ("unrecognised",)) or FACTS
    return replace(facts, note=f"{facts.note} {USED_UP}".strip())


def proven(case: Case) -> tuple[str | Find | None, tuple[Diagnosis, ...]]:
    """Who speaks: the first single cause whose proof stands, with those whose proofs stand as well, each offered as one of them."""
    for explainer in ORDER:
        if (cause := attempt(partial(found, explainer), case)) is not None:
            if (
                "of all numbers" in page(cause.code).traits
                and cause.span == case.span()
                and (nearer := attempt(by_statement, case)) is not None
            ):
                return by_statement, (nearer,)  # of a loop as a whole the one thing in it that is wrong
            told = (attempt(partial(found, peer), case) for peer in peers(explainer))
            others = {d.code: d for d in told if d is not None and d.code != cause.code}
            return explainer, tuple(replace(d, certainty="one-of") for d in (cause, *others.values())) if others else (cause,)
    return None, ()


def single(case: Case) -> Diagnosis | None:
    """The first single cause whose proof stands, where others are sought beside it."""
    return next(iter(proven(case)[1]), None)


def _first(case: Case, explainers: Iterable[str | Find]) -> Diagnosis | None:
    return next(filter(None, (attempt(partial(found, explainer), case) for explainer in explainers)), None)
