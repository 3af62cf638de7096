"""Two names, or two numbers of one tensor, that stand in each other's place: no change of one of them puts the line right."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations

from backprop_check.derivation.trees import literal, parsed, text
from backprop_check.diagnosis.asking import asks, example
from backprop_check.diagnosis.by_edit.edits import names_used, parts, search
from backprop_check.diagnosis.case import Case
from backprop_check.expression.rewrites import put_all, same_place
from backprop_check.records import Diagnosis

Pair = tuple[ast.expr, ast.expr]


def exchanged(case: Case) -> Diagnosis | None:
    """Proven by the learner's own expression with the two exchanged: two gradients, or two values."""
    found = search(case, lambda case, expression: ((_swapped(expression, pair), pair[0]) for pair in _pairs(case, expression)))
    if found is None or case.draft is None:
        return None
    one = found.part
    two = next(p for p in _places(case.draft) if text(p) != text(one) and text(same_place(case.draft, found.tree, p) or p) == text(one))
    span = case.span(two)
    return case.proven(
        "wrong-operand",
        by=found,
        error=f"`{text(one)}` and `{text(two)}` stand in each other's place",
        note=example(case),
        help=asks(case),
        evidence=f"With `{text(one)}` and `{text(two)}` exchanged the expression equals autograd's gradient in every trial.",
        also=((span, "and this"),) if span is not None else (),
    )


def _pairs(case: Case, expression: ast.expr) -> Iterator[Pair]:
    """Two places with different names of one kind."""
    names = names_used(expression)
    for one, two in combinations(names, 2):
        if one.id != two.id and (one.id in case.available) == (two.id in case.available):
            yield one, two
    for a, b in combinations(_members(expression), 2):
        if text(a.value) == text(b.value) and text(a) != text(b):
            yield a, b


def _members(expression: ast.expr) -> list[ast.Subscript]:
    return [p for p in parts(expression) if isinstance(p, ast.Subscript) and isinstance(p.value, ast.Name) and literal(p.slice) is not None]


def _places(expression: ast.expr) -> list[ast.expr]:
    return [*_members(expression), *names_used(expression)]


def _swapped(expression: ast.expr, pair: Pair) -> ast.expr:
    one, two = pair
    changed: ast.expr = put_all(expression, {id(a): ast.copy_location(parsed(text(b)), a) for a, b in ((one, two), (two, one))})
    return changed
