"""A constant that several parts of one line bring in, each once: told of them, where one factor before the whole would only undo it."""

from __future__ import annotations

import ast

import torch

from backprop_check.diagnosis.by_edit.edits import parts, value_of
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.scale.constants import Named
from backprop_check.diagnosis.scale.factors import same_factor
from backprop_check.diagnosis.scale.scaled import is_constant
from backprop_check.expression.reductions import added_up
from backprop_check.expression.rewrites import put_all


def in_each_term(case: Case, constant: Named) -> tuple[ast.expr, list[ast.expr]] | None:
    """The learner's line without the constant where several parts bring it in: a divisor, a factor or a mean in each term."""
    factor, without = [constant.values[run.trial.seed] for run in case.runs], dict[int, ast.AST]()
    places = list[ast.expr]()
    for part in parts(case.draft) if case.draft is not None else ():
        left = _without(case, part, factor)
        if left is not None and not any(part in ast.walk(outer) for outer in places):
            places.append(part)
            without[id(part)] = left
    right = put_all(case.draft, without) if len(places) > 1 else None
    return (right, places) if right is not None and case.is_right(right) else None


def _without(case: Case, part: ast.expr, factor: list[float]) -> ast.expr | None:
    """A part times the factor, written without what brings its inverse in."""
    match part:
        case ast.BinOp(left=left, op=ast.Div(), right=right) if is_constant(case, right):
            return left if _is_worth(case, right, factor) else None
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            inverse = [1 / f for f in factor if f]
            pairs = ((left, right), (right, left))
            return next((rest for rest, n in pairs if is_constant(case, n) and _is_worth(case, n, inverse)), None)
        case ast.Call(func=ast.Attribute(value=of, attr="mean")):
            many, few = case.evaluate(of), case.evaluate(part)
            if many is not None and few is not None:
                taken = [m.numel() / max(f.numel(), 1) for m, f in zip(many, few, strict=True)]
                return added_up(part) if taken == factor else None
    return None


def _is_worth(case: Case, part: ast.expr, numbers: list[float]) -> bool:
    values = [value_of(case, part, trial) for trial in range(len(case.runs))]
    return same_factor([float(v) for v in values if isinstance(v, torch.Tensor | int | float)], numbers)
