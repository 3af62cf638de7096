"""missing-inner-derivative: of a function of a function, only the outer one was differentiated.

Family: Local derivative
Forward: y = torch.tanh(w * x)
Shapes: x (N, C), w (N, C)
Wrong: dx = (1 - y**2) * dy
Right: dx = (1 - y**2) * w * dy

Why:
tanh(w * x) moves with w * x, and w * x moves with x: the chain rule multiplies the two. The outer derivative alone
would be right if what stands inside were x itself.

Read more: any text on the chain rule; "the derivative of the outside, times the derivative of the inside".

Question: Which operations lie {way}? Where in your line is the slope of each?
Of what moves numbers: Which operations lie {way}? Which of them give numbers other places, and where in your line does each go back
to its own?
"""

from __future__ import annotations

import ast

import torch

from backprop_check.derivation.trees import text
from backprop_check.diagnosis.by_edit.edits import names_used
from backprop_check.diagnosis.by_replay.counterfactual import part_through, replays, with_slope
from backprop_check.diagnosis.by_replay.masks import KINKS, SELECTS, called
from backprop_check.diagnosis.by_replay.replay import Change
from backprop_check.diagnosis.by_replay.sites import Site, brought_back, only_moves, sites
from backprop_check.diagnosis.by_value.neighbours import is_plain
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import slope
from backprop_check.diagnosis.meeting import around
from backprop_check.diagnosis.phrases import short
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by replay: with the derivative of an inner operation taken as one, autograd gives the learner's answer."""
    if not case.everywhere:
        return None
    for site in sites(case, deep=True):
        # Where a slope of zero gives the same, nothing comes back through this place at all, and that is another mistake.
        if site.part is not site.tree and _replays(case, site, 1.0) and not _replays(case, site, 0.0):
            return _told(case, site)
    return None


def _replays(case: Case, site: Site, slope: float) -> bool:
    return replays(case, _taken_as(case, site, slope))


def _taken_as(case: Case, site: Site, slope: float) -> Change:
    return with_slope(case, site, lambda x, y: torch.full_like(y, slope))


def _told(case: Case, site: Site) -> Diagnosis:
    inner, of = text(site.part), text(site.operand)
    values = case.verdict.runs[0].trial.values
    used = names_used(case.expression) if case.expression is not None else []
    outer = case.expression is None or any(isinstance(values.get(n.id), torch.Tensor) for n in used)
    function = any(
        isinstance(n, ast.Call) or isinstance(getattr(n, "op", None), ast.Pow) for n in (site.part, *around(site.tree, site.part))
    )
    # What stands inside has no derivative of its own only where it is a name: else all but this one are in the answer.
    inside = isinstance(site.operand, ast.Name) and function
    why = (
        f"only the outside is differentiated, as if `{of}` itself stood inside."
        if inside
        else f"one slope is left out, that of `{inner}` by `{of}`: the others are there."
    )
    moves = only_moves(site.part, site.operand)
    if moves:
        why = f"the numbers of `{of}` go to other places."
    there = part_through(case, _taken_as(case, site, 1.0), _taken_as(case, site, 0.0))
    what = f"`{short(there)}` " if there is not None and there is not case.expression else ""
    return Diagnosis(
        # Where nothing of the forward is in the answer, there is no outer derivative either.
        code="missing-mask"
        if called(site.part) in (*KINKS, *SELECTS, "where", "minimum", "maximum")
        else "missing-inner-derivative"
        if function and outer and not is_plain(case, site.line, site.tree, site.part)
        else "missing-local-derivative",
        certainty="proven",
        error=f"what `{inner}` moved is not brought back"
        if moves
        else f"the derivative of the inside, `{inner}`, is missing"
        if inside
        else f"the derivative of `{inner}` by `{of}` is missing",
        note=f"In `{site.line.name} = {site.line.source}` {why}",
        help=brought_back(f"`{of}`", f"`{inner}`")
        if moves
        else f"Ask how much `{inner}` moves when `{of}` moves a little, and multiply {what}with that too.",
        span=case.span(there),
        evidence=f"With the derivative of `{inner}` by `{of}` taken as 1, autograd gives exactly your answer in every trial.",
        question="Of what moves numbers" if moves else "",
        claims=(slope(site, "1"),),
    )
