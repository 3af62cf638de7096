"""Answers that are made step by step, in a loop or by writing into places: the one thing in their statements that is to be changed."""

from __future__ import annotations

import ast
from dataclasses import fields, replace
from typing import Any

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import placed, statements
from backprop_check.diagnosis.mistakes import wrong_scale
from backprop_check.diagnosis.raised.failure import Stopped
from backprop_check.diagnosis.steps.gathered import missing, relaid
from backprop_check.diagnosis.steps.statement_changes import changes, scaled_last
from backprop_check.diagnosis.steps.statement_told import one_line
from backprop_check.diagnosis.steps.statements import all_of, is_carried, makes_it_right, names, steps
from backprop_check.diagnosis.steps.within import WITHIN, Change, within_one
from backprop_check.expression.carried import Carrying, Program
from backprop_check.expression.evaluate import Failed, Refused
from backprop_check.records import Claim, Diagnosis, Span

SEARCH = 60_000
"""What may be spent (of `Work`) on changes of the statements, whatever the search before it has cost: a loop has nothing else."""


def by_statement(case: Case) -> Diagnosis | None:
    """Proven by carrying the statements out: as they stand they give the answer, and with one thing changed the gradient."""
    found = change(replace(case, until=case.work.done + SEARCH))
    if found is None:
        return None
    (where, new), claim = _as_changed(case, found)
    said = where if where.endswith("is left out") else f"{where} `{new}`"
    evidence = f"Once {said}, your statements give autograd's gradient in every trial."
    if found.follows is not None:
        evidence = f"With `{new}` after line {found.old.end_lineno} your statements give autograd's gradient in every trial."
    return replace(found.told, evidence=evidence, fix=None, claims=(claim,), near=(where, new))


def near(case: Case) -> tuple[tuple[str, str], Claim] | None:
    """What of the learner's statements is to be changed, and as what, with the claim that this puts them right.

    None where one change is not enough, or none is known.
    """
    found = change(case, told=True)
    return _as_changed(case, found) if found is not None else missing(case) or relaid(case)


def changed_value(case: Case, claim: Claim) -> Span | None:
    """Where the value stands that the one changed statement of a claim gives."""
    lines = [line for line, _, _ in claim.fields.get("changed", ())]
    there = (s for s in case.written if isinstance(s, ast.Assign | ast.AugAssign) and s.value is not None)
    return next((case.span(s.value) for s in there if [s.lineno] == lines), None)


def change(case: Case, told: bool = False) -> Change | None:
    """The first change of one thing in the statements that makes them right, in every trial and in the one in which nothing is sought.

    Where the mistake is `told` already, what is costly to find is not sought.
    """
    program = steps(case)
    if not program or case.partial or not is_carried(case, program):
        return None
    for old, changed, said in changes(case, program):
        if makes_it_right(case, changed):
            first = next((a for a, b in zip(program, changed, strict=True) if a is not b and a is not old), None) if said.also else None
            return Change(changed, old, said, first=first)
        if case.late:
            return None
    if (found := within_one(case, program, (wrong_scale,))) is not None or case.late:
        return found
    for follows in scaled_last(case, program):
        if makes_it_right(case, (*program, follows)):
            whole = wrong_scale.find(case)
            return Change((*program, follows), program[-1], whole, follows) if whole is not None else None
    return within_one(case, program, WITHIN) if not told else None


def stopped_within(case: Case) -> Stopped | None:
    """The answer, where its statements raise in one of their rounds, with what raises and the names as they are there."""
    program = steps(case)
    if case.verdict.runs[0].answers[case.name].raised is None or not any(isinstance(s, ast.For) for s in program):
        return None
    part: ast.expr | None = None
    there: dict[int, dict[str, Any]] = {}
    for run in case.verdict.runs:
        state = Carrying(names(case, run), case.work)
        try:
            state.out(program)
        except Failed as failed:
            part = part or failed.node
        except (Refused, RecursionError, RuntimeError, TypeError, ValueError):
            return None
        there[run.trial.seed] = state.names
    own = {f.name: getattr(case, f.name) for f in fields(Case)} | {"memo": {}}
    return Stopped(**own, part=part, there=there) if part is not None else None


def _as_changed(case: Case, found: Change) -> tuple[tuple[str, str], Claim]:
    """Which line is to be changed, and what it is to read: of a loop the line that opens it."""
    if found.follows is not None:
        new = one_line(found.follows)
        return (f"this follows line {found.old.end_lineno}", new), statements(followed=[placed(case, found.old, new)])
    both = [(old, one_line(_there(found.program, old))) for old in (found.first, found.old) if old is not None]
    if isinstance(_there(found.program, found.old), ast.Pass):
        return (f"line {found.old.lineno} is left out", one_line(found.old)), statements(changed=[placed(case, found.old, "pass")])
    lines = [str(old.lineno) for old, _ in both]
    where = f"line{'s' * (len(both) > 1)} {' and '.join(lines)} read{'s' * (len(both) == 1)}"
    return (where, "; ".join(new for _, new in both)), statements(changed=[placed(case, *one) for one in both])


def _there(program: Program, old: ast.stmt) -> ast.stmt:
    """What stands in the place of a statement."""
    return next(n for n in all_of(program) if n.lineno == old.lineno and isinstance(n, ast.For) == isinstance(old, ast.For))
