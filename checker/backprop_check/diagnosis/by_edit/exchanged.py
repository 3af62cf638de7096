"""Two names that stand in each other's place: no change of one of them puts the line right."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations

from backprop_check.diagnosis.asking import asks, example
from backprop_check.diagnosis.by_edit.edits import names_used, search
from backprop_check.diagnosis.case import Case
from backprop_check.expression.rewrites import put_all, same_place
from backprop_check.records import Diagnosis

Pair = tuple[ast.Name, ast.Name]


def exchanged(case: Case) -> Diagnosis | None:
    """Proven by the learner's own expression with the two exchanged: two gradients, or two values."""
    found = search(case, lambda case, expression: ((_swapped(expression, pair), pair[0]) for pair in _pairs(case, expression)))
    if found is None or case.draft is None:
        return None
    one = found.part
    two = next(name for name in names_used(case.draft) if name is not one and same_place(case.draft, found.tree, name) is not name)
    assert isinstance(one, ast.Name)
    span = case.span(two)
    return case.proven(
        "wrong-operand",
        by=found,
        error=f"`{one.id}` and `{two.id}` stand in each other's place",
        note=example(case),
        help=asks(case),
        evidence=f"With `{one.id}` and `{two.id}` exchanged the expression equals autograd's gradient in every trial.",
        also=((span, "and this"),) if span is not None else (),
    )


def _pairs(case: Case, expression: ast.expr) -> Iterator[Pair]:
    """Two places with different names of one kind."""
    names = names_used(expression)
    for one, two in combinations(names, 2):
        if one.id != two.id and (one.id in case.available) == (two.id in case.available):
            yield one, two


def _swapped(expression: ast.expr, pair: Pair) -> ast.expr:
    one, two = pair
    changed: ast.expr = put_all(expression, {id(a): ast.copy_location(ast.Name(b.id, ast.Load()), a) for a, b in ((one, two), (two, one))})
    return changed
