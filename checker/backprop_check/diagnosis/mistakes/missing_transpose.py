"""missing-transpose: a factor of a matrix product has to be turned, so that the right axes meet.

Family: Matrix products and layout
Forward: y = x @ W
Shapes: x (N, K), W (K, M)
Wrong: dx = dy @ W
Right: dx = dy @ W.T

Why:
Run the shapes: dy is (N, M), and dx has to be (N, K), so what stands between takes M to K: W turned over. `A @ B`
always sums over the last axis of A and the first of B; the axis that must disappear has to be those two.

Read more: the PyTorch documentation, "torch.matmul".

Question: Write its axes under each tensor of your line: which ones meet there now?
Of places that count alike: What does the one place of {node} send back, and what the other? When would these two be equal?
Slip: a factor of the matrix product should be turned
Note: `@` sums over the last axis of the left factor and the first of the right one; here other numbers meet than should.
Help: Write the axes' names under the factors: the two that meet are the ones to sum away.
Traits: of a part, other shape
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import torch

from backprop_check.diagnosis.by_edit.edits import Edit, search, value_of
from backprop_check.diagnosis.by_edit.letters import letters_of, relettered
from backprop_check.diagnosis.by_replay.paths import ordinal
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.meeting import around, axes_of, contracted, function_of, operands_of
from backprop_check.diagnosis.phrases import short
from backprop_check.expression.rewrites import calls, is_turned, operations, put
from backprop_check.records import Diagnosis

CALLS = ("matmul", "mm", "bmm")


def find(case: Case) -> Diagnosis | None:
    """Proven by turning one factor of one matrix product: the expression is then right."""
    found = search(case, edits)
    if found is None:
        return _by_letters(case)
    name = short(found.part)
    above = list(around(case.draft, found.part)) if case.draft is not None else []
    product = next((n for n in above if isinstance(n, ast.BinOp) or (isinstance(n, ast.Call) and function_of(n) in CALLS)), None)
    factors = operands_of(product) if product is not None else []
    meet = contracted(case, *factors) if len(factors) == 2 else None
    only = len(factors) == 2 and len(axes_of(case, factors[1]) or ()) == 1
    multiplies = function_of(product) if isinstance(product, ast.Call) else "@"
    now = (
        f"Here {meet[0]} meets {meet[1]}."
        if meet is not None and meet[0] != meet[1]
        else f"The lengths fit here, and the axes do not: turned, the other axis of `{name}` meets."
    )
    return case.proven(
        "missing-transpose",
        by=found,
        error=f"`{name}` has to be turned here",
        note=f"`{multiplies}` lets the last axis of the left factor meet {'the only axis' if only else 'the last but one'} "
        f"of the right one, and sums over it. {now}",
        help=f"Turn `{name}`, so that its other axis meets: {case.node} is {case.due}.",
        evidence=f"With `{name}` transposed the expression equals autograd's gradient in every trial.",
    )


def _by_letters(case: Case) -> Diagnosis | None:
    """The same in an `einsum`: the letters of one tensor in another order."""
    found = search(case, relettered) if case.everywhere else None
    if found is None:
        return None
    right = next(call.args[0] for call in calls(found.tree, "einsum") if ast.dump(call.args[0]) not in ast.dump(case.draft or found.part))
    if isinstance(found.part, ast.Constant):
        return case.proven(
            "transposed",
            by=found,
            error="the axes of this result stand in another order",
            note="The letters after `->` say in which order its axes stand.",
            help=f"Exchange the letters of the result: `->{ast.literal_eval(right).partition('->')[2]}`.",
        )
    assert isinstance(found.part, ast.Call)
    name = _relettered(found.part, ast.literal_eval(right))
    return case.proven(
        "missing-transpose",
        by=found,
        error=f"other axes of {name} meet here than should",
        note=f"In `einsum` axes with one letter meet, and one that the result lacks is summed over: exchange letters of {name}.",
        help=f"Ask which axis of {name} {case.node} has, and which one has to be summed away.",
        evidence=f"With the letters of {name} in another order the expression equals autograd's gradient in every trial.",
    )


def _relettered(call: ast.Call, right: str) -> str:
    """The tensor whose letters stand in another order in `right`."""
    letters = letters_of(call)
    groups = letters[0] if letters is not None else []
    other = right.partition("->")[0].split(",")
    place = next(number for number, (one, two) in enumerate(zip(groups, other, strict=True)) if one != two)
    tensor = call.args[1 + place]
    return f"`{tensor.id}`" if isinstance(tensor, ast.Name) else f"its {ordinal(place)} tensor"


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    products = [(product.left, product.right) for product in operations(expression, ast.MatMult)]
    for factors in (*products, *(tuple(operands_of(call)) for call in calls(expression, *CALLS))):
        for factor in factors:
            value = value_of(case, factor)
            table = not isinstance(value, torch.Tensor) or value.dim() <= 2  # of more axes `.T` reverses all, those of a batch too
            for attribute in ("T", "mT") if table else ("mT",):
                if not is_turned(factor):
                    yield put(expression, factor, ast.copy_location(ast.Attribute(factor, attribute, ast.Load()), factor)), factor
