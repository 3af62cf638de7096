"""Say what it is to have written one part of an expression in the place of the right one, found by its value."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import torch

from backprop_check.derivation.trees import parsed, text
from backprop_check.diagnosis.asking import asks, example
from backprop_check.diagnosis.by_edit.edits import Edit, is_index, names_used, parts, search, value_of, valued_parts
from backprop_check.diagnosis.by_value.kind_of_part import (
    FUNCTION,
    OTHERWISE,
    SLOPE,
    SOME_OTHER,
    divides_by_one_less,
    is_its_mask,
    kind_of,
    taken_by_the_forward,
    without_common,
)
from backprop_check.diagnosis.by_value.replaced import replaced, sensible
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.phrases import short
from backprop_check.diagnosis.scale.scaled import is_below, is_uniform
from backprop_check.expression.chains import factors, is_product, is_sum
from backprop_check.expression.rewrites import put, same_place
from backprop_check.records import Diagnosis


def any_wrong_part(case: Case) -> Diagnosis | None:
    """Where nothing better is known: the part that is not what belongs there."""
    return wrong_part(case, last=True) if case.everywhere else None


def wrong_part(case: Case, last: bool = False) -> Diagnosis | None:
    """The smallest part without a gradient in it that is not what belongs there; unless it is the `last` word, one whose kind is known."""
    everything = replaced(case, case.draft) if case.draft is not None else iter(())
    found = [(e, p, r) for e, p, r in everything if not case.gradients_in(p) | case.gradients_in(r) and is_tensor(case, r)]
    found = [(e, p, r) for e, p, r in found if p is not case.draft or isinstance(p, ast.Name)]
    sums = [part for part in parts(case.draft) if is_sum(part) and is_uniform(case, part)] if found and case.draft is not None else []
    of_numbers = {id(term) for part in sums for term in ast.walk(part)}  # whatever is due there, adding the rest of it makes it
    found = [(e, p, r) for e, p, r in found if id(p) not in of_numbers]
    told = [p for _, p, _ in sensible(case, found)]
    found = [(e, p, r) for e, p, r in found if p in told or (isinstance(p, ast.Name) and _is_taken_by_the_forward(case, p))]
    if not found:
        return None
    expression, part, replacement = min(found, key=lambda f: (len(list(ast.walk(f[1]))), len(list(ast.walk(f[2])))))
    return _told(case, expression, part, replacement, part in told, last)


def one_name(case: Case) -> Diagnosis | None:
    """A name in whose place a part of the derived gradient belongs: tried, where by undoing operations none is found (some factor is 0)."""
    found = search(case, _with_derived) if case.everywhere else None
    new = same_place(case.draft, found.tree, found.part) if found is not None and case.draft is not None else None
    return _told(case, found.tree, found.part, new, True, True) if found is not None and new is not None else None


def _with_derived(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """Each part of the derived gradient that is no gradient itself for each such name."""
    due = [part for part in valued_parts(case.derived.expression) if not case.gradients_in(part)] if case.derived is not None else []
    for name in names_used(expression):
        for part in due if not case.gradients_in(name) else ():
            yield put(expression, name, ast.copy_location(part, name)), name


def _told(case: Case, expression: ast.expr, part: ast.expr, replacement: ast.expr, shows: bool, last: bool) -> Diagnosis | None:
    kind = kind_of(part, replacement)
    if kind == SLOPE and not _is_of_the_line(case, part):
        kind = OTHERWISE if is_tensor(case, part) else None
    if kind is None or (case.draft is not None and ast.dump(replacement) in ast.dump(case.draft)):
        return None
    if kind in (OTHERWISE, SOME_OTHER) and not last:
        return None
    code, error = kind
    if is_index(case, part):
        code, error = "index-as-value", "says where, not how much"
    shown = f"`{text(replacement)}`" if shows else "another value"
    whole = product_of(case, part) if code == "missing-local-derivative" and isinstance(replacement, ast.BinOp) else part
    error, note = f"`{short(whole)}` {error}", example(case)
    if kind == OTHERWISE and is_below(case, part):
        error = f"`{short(part)}` is not what belongs in the divisor"
    place, instead = without_common(part, replacement)
    if kind == FUNCTION:
        whole, error = place, f"`{short(place)}` {kind[1]}"
    function = taken_by_the_forward(case, place.id, instead) if isinstance(place, ast.Name) else None
    if function is not None:
        code, error, note = function
        whole = place
    move, question = asks(case), "Of what has no name" if code == "wrong-point" else ""
    if is_its_mask(part, replacement):
        error = f"`{short(part)}` itself stands here in the place of where it is positive"
    if (fewer := divides_by_one_less(part, replacement)) is not None:
        code, (error, move, note) = "wrong-scale", fewer
    return case.proven(
        code,
        error=error,
        note=note,
        help=move,
        question=question,
        span=case.span(whole),
        evidence=f"With {shown} in the place of `{text(part)}` the expression equals autograd's gradient in every trial.",
        fix=text(expression),
    )


def product_of(case: Case, part: ast.expr) -> ast.expr:
    """The whole product that a part is a factor of: to which of its factors another one belongs, nobody can tell."""
    whole = part
    for outer in reversed(list(parts(case.draft))) if case.draft is not None else ():
        if is_product(outer) and any(factor is whole or factor is part for _, factor in factors(outer)[1]):
            whole = outer
    return whole


def _calls(expression: ast.expr) -> list[ast.Call]:
    return [n for n in ast.walk(expression) if isinstance(n, ast.Call)]


def _is_taken_by_the_forward(case: Case, name: ast.Name) -> bool:
    """Whether a name is what the learner hands to a function that the line of the forward calls too: then only its argument is another."""
    takers = [c for c in (_calls(case.draft) if case.draft is not None else ()) if name in (*c.args, getattr(c.func, "value", None))]
    known = [(line.source, ast.dump(parsed(line.source.strip()))) for line in case.consumers]
    calls = ((f"{c.func.attr}(", ast.dump(c)) for c in takers if isinstance(c.func, ast.Attribute))
    # What the forward calls with the same argument is its value: no other argument is what is lacking.
    return any(name in source and whole not in tree for name, whole in calls for source, tree in known)


def _is_of_the_line(case: Case, part: ast.expr) -> bool:
    """Whether a part is made of what the lines that use the node compute with, and is a tensor: another value has no slope there."""
    there = {name for line in case.consumers for name in (line.name, *line.reads)}
    return is_tensor(case, part) and bool(there & {n.id for n in names_used(part)})


def is_tensor(case: Case, part: ast.expr) -> bool:
    value = value_of(case, part)
    return isinstance(value, torch.Tensor) and value.is_floating_point() and value.dim() > 0
