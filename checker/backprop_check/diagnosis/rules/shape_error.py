"""shape-error: torch stopped, because two shapes do not fit together.

Family: The line raised, or is not an answer
Forward: y = x @ W
Shapes: x (N, K), W (K, M)
Wrong: dx = dy @ x
Right: dx = dy @ W.T

Why:
`A @ B` needs the last axis of A and the last but one of B to be the same; the elementwise operations need axes,
aligned from the right, that are equal or 1. Write the shapes under the line with the names of their axes, and see
which two meet.

Read more: the PyTorch documentation, "torch.matmul" and "Broadcasting semantics".
"""

from __future__ import annotations

import ast
import re
from typing import Any

import torch

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.edits import value_of
from backprop_check.diagnosis.evaluate import Evaluator, Failed, Refused
from backprop_check.diagnosis.failure import failing_part
from backprop_check.diagnosis.words import short
from backprop_check.exercise.sizes import axes
from backprop_check.records import Diagnosis

SIGNS = {ast.MatMult: "@", ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}

ABOUT_SHAPES = re.compile(r"siz|shape|dimension|\dD\b|\d-D|broadcast|number of (?!classes)|same length", re.I)
"""What torch says of shapes that do not fit. An index outside, a number of the wrong kind or a missing argument is another mistake."""

PLACES = ("scatter", "scatter_add", "gather", "index_add", "index_put", "index_copy", "index_select", "take_along_dim", "outer")


def find(case: Case) -> Diagnosis | None:
    """Proven by evaluating the smallest part that raises, its operands being fine."""
    part, raised = failing_part(case), case.verdict.answer.raised
    if part is None or raised is None or raised.kind == "TypeError" or not ABOUT_SHAPES.search(raised.message):
        return None
    operands = [operand for operand in _operands(part) if not _is_number(case, operand)]
    if len(operands) < 2 or not isinstance(part, ast.BinOp | ast.Call):
        return None
    shapes = [_shape(case, operand) for operand in operands]
    if any(shape is None for shape in shapes):
        return None
    told = ", ".join(f"`{short(o)}` is {s}" for o, s in zip(operands, shapes, strict=True))
    product = isinstance(part, ast.BinOp) and isinstance(part.op, ast.MatMult)
    sign = SIGNS.get(type(part.op)) if isinstance(part, ast.BinOp) else None
    if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in PLACES:
        note = f"`{part.func.attr}` counts axes and lengths of its own: {raised.message}"
    elif product:
        note = "`@` sums over the last axis of the left factor and the first of the right one: those two must be the same axis."
    else:
        note = "Aligned from the right, two axes must be equal, or one of them 1."
    return Diagnosis(
        code="shape-error",
        certainty="proven",
        error=f"{told}: `{sign}` cannot join them" if sign else f"{told}: these do not fit together",
        note=note,
        help=f"{case.node} is {_due(case)}: ask which axis has to go away, and let the factors meet on that one."
        if product
        else f"{case.node} is {_due(case)}: check which operand has its axes in another order, or one too many.",
        span=case.span(part),
        evidence="This part raises by itself, and its operands do not.",
    )


def _is_number(case: Case, operand: ast.expr) -> bool:
    return isinstance(value_of(case, operand), int | float)


def _operands(part: ast.expr) -> list[ast.expr]:
    if isinstance(part, ast.BinOp):
        return [part.left, part.right]
    if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute):
        base = part.func.value
        own = [] if ast.unparse(base) in ("torch", "F", "torch.nn.functional") else [base]
        return [*own, *(a for a in part.args if not isinstance(a, ast.Constant))]
    return []


def _shape(case: Case, operand: ast.expr) -> str | None:
    values: list[Any] = []
    for run in case.verdict.runs:
        try:
            values.append(Evaluator(case.names(run), case.work)(operand))
        except (Refused, Failed, RecursionError):
            return None
    if not all(isinstance(v, torch.Tensor) for v in values):
        return None
    named = axes([tuple(v.shape) for v in values], [run.trial.sizes for run in case.verdict.runs])
    plain = str(tuple(values[0].shape))
    return plain if named == plain else f"{named} = {plain}"


def _due(case: Case) -> str:
    shapes = [tuple(run.trial.gradients[case.name].shape) for run in case.verdict.runs]
    return axes(shapes, [run.trial.sizes for run in case.verdict.runs])
