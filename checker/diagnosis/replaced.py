"""One part of the learner's expression put right by its value: what it would have to be is looked up among small expressions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import partial

import torch

from checker.diagnosis.case import Case
from checker.diagnosis.edits import value_of
from checker.diagnosis.holes import Hole, holes
from checker.diagnosis.rewrites import put
from checker.diagnosis.stock import stock

Replaced = tuple[ast.expr, ast.expr, ast.expr]
"""A right expression, the part of the learner's that was replaced, and what replaced it."""


def replaced(case: Case, expression: ast.expr) -> Iterator[Replaced]:
    """Yield the right expressions that differ from `expression` in one part, the whole first."""
    for part, needed in _holes(case, expression):
        for replacement in stock(case).find(needed):
            candidate = put(expression, part, replacement)
            if case.is_right(candidate):
                yield candidate, part, replacement


def with_factor(case: Case, expression: ast.expr) -> Iterator[Replaced]:
    """Yield the right expressions that differ in one more factor, a tensor without a gradient in it, before one gradient from above."""
    for part, needed in _holes(case, expression):
        if isinstance(part, ast.Name) and part.id in case.available:
            own = value_of(case, part)
            ratio = needed / own if isinstance(own, torch.Tensor) and own.shape == needed.shape else needed.new_zeros(())
            if bool(torch.isfinite(ratio).all()) and ratio.dim() and float(ratio.max() - ratio.min()) > 1e-9:
                for factor in stock(case).find(ratio):
                    candidate = put(expression, part, ast.copy_location(ast.BinOp(factor, ast.Mult(), part), part))
                    if not case.gradients_in(factor) and case.is_right(candidate):
                        yield candidate, part, factor


def _holes(case: Case, expression: ast.expr) -> Iterator[Hole]:
    goal = case.verdict.runs[0].trial.gradients[case.name]
    for hole in holes(partial(value_of, case), expression, goal):
        if case.late:
            return
        yield hole
