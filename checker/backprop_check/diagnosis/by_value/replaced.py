"""One part of the learner's expression put right by its value: what it would have to be is looked up among small expressions."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain

import torch

from backprop_check.derivation.trees import literal
from backprop_check.diagnosis.by_edit.edits import value_of
from backprop_check.diagnosis.by_edit.plain import cancels
from backprop_check.diagnosis.by_edit.sense import senseless
from backprop_check.diagnosis.by_value.value_index import value_index
from backprop_check.diagnosis.case import Case
from backprop_check.expression.chains import is_sum
from backprop_check.expression.holes import Hole, fits, holes
from backprop_check.expression.rewrites import put

Replaced = tuple[ast.expr, ast.expr, ast.expr]
"""A right expression, the part of the learner's that was replaced, and what replaced it."""


def replaced(case: Case, expression: ast.expr) -> Iterator[Replaced]:
    """Yield the right expressions that differ from `expression` in one part, the whole first."""
    for part, needed in _holes(case, expression):
        for replacement in chain.from_iterable(_and_without_keepdim(part, found) for found in value_index(case).find(needed)):
            candidate = put(expression, part, replacement)
            if case.is_right(candidate):
                yield candidate, part, replacement


def _and_without_keepdim(part: ast.expr, found: ast.expr) -> Iterator[ast.expr]:
    """A replacement; before one that keeps an axis, as the part does not, the same without that."""
    kept = [k for k in found.keywords if k.arg == "keepdim"] if isinstance(found, ast.Call) else []
    if isinstance(found, ast.Call) and kept and isinstance(part, ast.Call) and "keepdim" not in {k.arg for k in part.keywords}:
        yield ast.copy_location(ast.Call(found.func, found.args, [k for k in found.keywords if k not in kept]), found)
    yield found


def sensible(case: Case, found: Iterable[Replaced]) -> Iterator[Replaced]:
    """Those that tell what was meant: what was put in is not undone by the rest of the expression."""
    return ((whole, part, new) for whole, part, new in found if not (cancels(case, whole) or senseless(case, whole)))


def with_term(case: Case, expression: ast.expr) -> Iterator[ast.expr]:
    """Yield the right expressions that have one more term, or one more factor, in some place of `expression`."""
    for part, needed in _holes(case, expression):
        own = value_of(case, part)
        # To a part that is the same everywhere (`x / x`) the whole gradient could be joined: that mends nothing.
        if (
            not isinstance(own, torch.Tensor)
            or own.dtype != torch.float64
            or own.shape != needed.shape
            or bool((own == own.flatten()[0]).all())
        ):
            continue
        for op, lacking in ((ast.Add(), needed - own), (ast.Sub(), own - needed), (ast.Mult(), needed / own)):
            for found in value_index(case).find(lacking):
                bare = found.operand if isinstance(found, ast.UnaryOp) else found
                if not isinstance(op, ast.Mult) and is_sum(bare) and not case.gradients_in(found):
                    continue  # `g * (1 - g) + 1 - g` for `1 - g**2`: right by algebra alone
                candidate = put(expression, part, ast.copy_location(_joined(part, op, found), part))
                if case.is_right(candidate):
                    yield candidate


def sensible_terms(case: Case, expression: ast.expr) -> Iterator[ast.expr]:
    """Those with one term or factor more of which the same holds."""
    return (whole for whole in with_term(case, expression) if not (cancels(case, whole) or senseless(case, whole)))


def with_a_factor(case: Case, expression: ast.expr) -> Iterator[Replaced]:
    """Yield the right expressions that have one more factor somewhere below the whole."""
    for part, needed in _holes(case, expression):
        own = value_of(case, part)
        if part is expression or not isinstance(own, torch.Tensor) or own.dtype != torch.float64:
            continue
        if own.dim() != needed.dim() or not fits(own, needed):
            continue
        yield from _times(case, expression, part, needed / own)


def _joined(part: ast.expr, op: ast.operator, found: ast.expr) -> ast.expr:
    """`a * b * c` for a times `b * c`."""
    if isinstance(op, ast.Mult) and isinstance(found, ast.BinOp) and isinstance(found.op, ast.Mult | ast.Div):
        return ast.BinOp(_joined(part, op, found.left), found.op, found.right)
    return ast.BinOp(part, op, found)


def with_factor(case: Case, expression: ast.expr) -> Iterator[Replaced]:
    """Yield the right expressions that differ in one more factor, a tensor without a gradient in it, before one gradient from above."""
    for part, needed in _holes(case, expression):
        if isinstance(part, ast.Name) and part.id in case.available:
            own = value_of(case, part)
            if isinstance(own, torch.Tensor) and own.shape == needed.shape and needed.dim():
                yield from _times(case, expression, part, needed / own)


def _times(case: Case, expression: ast.expr, part: ast.expr, ratio: torch.Tensor) -> Iterator[Replaced]:
    """Yield the right expressions in which `part` is multiplied by what is worth `ratio`: no constant, and without a gradient in it."""
    if ratio.numel() and bool(ratio.isfinite().all()) and float(ratio.max() - ratio.min()) > 1e-9:
        for factor in value_index(case).find(ratio):
            candidate = put(expression, part, ast.copy_location(_multiplied(factor, part), part))
            if not case.gradients_in(factor) and case.is_right(candidate):
                yield candidate, part, factor


def _multiplied(factor: ast.expr, part: ast.expr) -> ast.expr:
    """A part with one more factor before it; `part / x` for `1 / x` times it."""
    divides = isinstance(factor, ast.BinOp) and isinstance(factor.op, ast.Div) and literal(factor.left) == 1
    return ast.BinOp(part, ast.Div(), factor.right) if divides else ast.BinOp(factor, ast.Mult(), part)  # type: ignore[attr-defined]


def _holes(case: Case, expression: ast.expr) -> Iterator[Hole]:
    goal = case.verdict.runs[0].trial.gradients[case.name]
    for hole in holes(partial(value_of, case), expression, goal):
        if case.late:
            return
        yield hole
