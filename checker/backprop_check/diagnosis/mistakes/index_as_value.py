"""index-as-value: an index is used as a number, where it should say which element is meant.

Family: Selection, indexing, non-smooth
Forward: m = x.max(1, keepdim=True).values
Shapes: x (N, C)
Wrong: dx = x.max(1, keepdim=True).indices * dm
Right: dx = torch.zeros_like(x).scatter(1, x.max(1, keepdim=True).indices, dm)

Why:
An index says *where*, not *how much*: column 3 is not three times column 1. Turn it into a mask first, with a one at
that place and zeros elsewhere (one-hot, scatter), and multiply with that.

Read more: the PyTorch documentation, "torch.nn.functional.one_hot" and "torch.Tensor.scatter".

Question: Does an index say how much something moves, or which one moves?
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import torch

from backprop_check.derivation.trees import text
from backprop_check.diagnosis.by_edit.edits import Edit, is_index, parts, search, value_of
from backprop_check.diagnosis.case import Case
from backprop_check.expression.rewrites import calls, method, operations, put
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by a one-hot mask in the place of the index: the expression is then right."""
    found = search(case, edits)
    if found is None:
        return _value_as_index(case)
    return case.proven(
        "index-as-value",
        by=found,
        error="this index is used as a number",
        note="It says where, not how much.",
        help="Make a mask of it, one at that place and zero elsewhere, and put the mask in its place.",
        evidence="With the one-hot mask of this index in its place the expression equals autograd's gradient in every trial.",
    )


def _value_as_index(case: Case) -> Diagnosis | None:
    """The other way round: a value where the place of the largest one is due."""
    found = search(case, _places)
    if found is None:
        return None
    return case.proven(
        "index-as-value",
        by=found,
        error=f"`{text(found.part)}` says how much; here an index is due, which says where",
        note="`one_hot` puts a one at the place that it is given.",
        help="Give it the index: `argmax` along the axis the forward picks from.",
    )


def _places(case: Case, expression: ast.expr) -> Iterator[Edit]:
    for call in calls(expression, "one_hot"):
        value = value_of(case, call.args[0]) if call.args else None
        if isinstance(value, torch.Tensor) and value.is_floating_point():
            for axis in range(value.dim()):
                yield put(expression, call.args[0], method(call.args[0], "argmax", axis)), call.args[0]


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    for part in parts(expression):
        value = value_of(case, part)
        if isinstance(part, ast.Attribute) and part.attr == "indices" and isinstance(part.value, ast.Call):
            winners = ast.Attribute(part.value, "values", ast.Load())
            yield put(expression, part, ast.copy_location(ast.Compare(ast.Name(case.node, ast.Load()), [ast.Eq()], [winners]), part)), part
        if isinstance(value, torch.Tensor) and value.dim() and is_index(case, part):
            for axis in range(case.verdict.runs[0].trial.gradients[case.name].dim()):
                text = f"torch.zeros_like({case.node}).scatter({axis}, INDEX, 1.0)"
                for kept in (part, ast.Call(ast.Attribute(part, "unsqueeze", ast.Load()), [ast.Constant(axis)], [])):
                    mask = ast.parse(text, mode="eval").body
                    name = next(n for n in ast.walk(mask) if isinstance(n, ast.Name) and n.id == "INDEX")
                    made = put(mask, name, kept)
                    yield put(expression, part, made), part
                    for whole in operations(expression, ast.Mult):
                        if part in (whole.left, whole.right):  # a number for each place, in the row of which the mask has its one
                            other = method(whole.left if part is whole.right else whole.right, "unsqueeze", axis)
                            yield put(expression, whole, ast.copy_location(ast.BinOp(made, ast.Mult(), other), whole)), part
