"""Two slips in two terms of the derived gradient: what each takes away adds up, so the two are found by what is left of the answer."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import replace

import torch

from backprop_check.derivation.trees import dumped
from backprop_check.diagnosis.asking import asks
from backprop_check.diagnosis.by_edit.edits import parts, value_of
from backprop_check.diagnosis.by_slip.slips import Slip, slips, top_of
from backprop_check.diagnosis.by_slip.told import told
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import ANSWER, equal
from backprop_check.diagnosis.mistakes import mistakes
from backprop_check.diagnosis.order import as_told
from backprop_check.diagnosis.together.beside import told_beside
from backprop_check.expression.fingerprint import keys
from backprop_check.expression.rewrites import put
from backprop_check.expression.work import SLIPS
from backprop_check.records import Diagnosis, Line

First = Callable[[Case], Diagnosis | None]

PAIRS = 4
"""So many pairs are asked for the names of their mistakes."""

Made = tuple[Slip, ast.expr]
"""A slip, and the term in which it was made."""
Lost = tuple[Slip, int, torch.Tensor]
"""A slip, in which term it was made, and by how much it is off in the first trial."""


def in_two_terms(case: Case, first: First, alike: bool = False) -> tuple[Diagnosis, ...]:
    """Return the two slips of an answer, each proven of the answer in which the other one is put right.

    If `alike`, only two of one kind that no edit of the line finds, and two constants: an edit finds one of them for the whole sum.
    """
    if not case.everywhere or case.derived is None or not case.same_shape:
        return ()
    right = ast.parse(case.derived.text, mode="eval").body
    for tried, ((one, here), (two, there)) in enumerate(_pairs(case, right)):
        if case.late or tried >= PAIRS:
            break
        both = put(one.whole, two.part, two.left)
        if (alike and not _are_alike(case, one, two)) or not case.gives(both):
            continue
        first_told, second_told = _told(case, both, one, two, here, first), _told(case, both, two, one, there, first)
        if first_told is not None and second_told is not None:
            return as_told(first_told, second_told)
    return ()


def _are_alike(case: Case, one: Slip, two: Slip) -> bool:
    if one.code == two.code == "wrong-scale":
        return all(_kept(case, slip) is not None for slip in (one, two))
    return one.code == two.code and not hasattr(mistakes()[one.code], "edits")


def _kept(case: Case, found: Slip) -> ast.expr | None:
    """The part of the learner's line that is what a product or a quotient became when one factor of it was left out."""
    if not isinstance(found.part, ast.BinOp) or found.left not in (found.part.left, found.part.right):
        return None
    own = [part for part in parts(case.draft) if dumped(part) == dumped(found.left)] if case.draft is not None else []
    return own[0] if len(own) == 1 else None


def _pairs(case: Case, right: ast.expr) -> Iterator[tuple[Made, Made]]:
    """The slips of two terms that together leave what the answer leaves."""
    terms = [term for term in top_of(right) if not (isinstance(term, ast.BinOp) and isinstance(term.op, ast.Add | ast.Sub))]
    found = list(_made(case, right, terms))
    known: dict[Hashable, list[Lost]] = defaultdict(list)
    for lost in found:
        for key in keys(lost[2]):
            known[key].append(lost)
    rest = case.answers[0] - case.oracles[0]
    for one, term, off in found:
        for two, other, _ in (lost for key in keys(rest - off) for lost in known.get(key, ())):
            if term < other:
                yield (one, terms[term]), (two, terms[other])


def _made(case: Case, right: ast.expr, terms: list[ast.expr]) -> Iterator[Lost]:
    place = {id(node): at for at, term in enumerate(terms) for node in ast.walk(term)}
    oracle, scale = case.oracles[0], case.scales[0]
    for found in case.up_to(SLIPS, slips(case, right)) if len(terms) > 1 else ():
        value = value_of(case, found.whole) if id(found.part) in place else None
        if (
            isinstance(value, torch.Tensor)
            and value.shape == oracle.shape
            and value.numel()
            and float((value - oracle).abs().max()) > 1e-6 * scale
        ):
            yield found, place[id(found.part)], value - oracle


def _told(case: Case, both: ast.expr, found: Slip, other: Slip, term: ast.expr, first: First) -> Diagnosis | None:
    """The mistake that is left where the answer is held against the gradient with the other slip in it; else the slip as such."""
    values = case.evaluate(other.whole)
    cause = (first(case.towards(values)) if values is not None else None) or told(case, found)
    if cause is None:
        return None
    line = _line_of(case, term)
    note = f"In what comes back through `{line.name} = {line.source}`; another term has a slip of its own." if line is not None else ""
    kept = _kept(case, found)
    return replace(
        told_beside(case, cause),
        span=case.span(kept) if kept is not None and cause.span == case.span() else cause.span,
        error=cause.error,  # what is said of one term holds whatever stands in the other
        note=note or cause.note or asks(case),
        evidence="The gradient derived from the forward, with these two slips made in it, is exactly your answer in every trial.",
        claims=(equal(both, ANSWER),),
    )


def _line_of(case: Case, term: ast.expr) -> Line | None:
    """The line of the forward that a term comes back through, by the gradient that it reads."""
    read = case.gradients_in(term)
    through = [each.line for each in case.derived.terms if read and read <= case.gradients_in(each.expression)] if case.derived else []
    return through[0] if len(through) == 1 else None
