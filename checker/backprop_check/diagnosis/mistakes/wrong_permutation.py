"""wrong-permutation: the axes are put in an order that does not undo the forward's.

Family: Matrix products and layout
Forward: y = x.permute(2, 0, 1)
Shapes: x (N, T, C)
Wrong: dx = dy.permute(2, 0, 1)
Right: dx = dy.permute(1, 2, 0)

Why:
`permute(2, 0, 1)` says where each new axis comes from. Going back, each axis returns to its old place: that is the
inverse order, and the same order again does not undo it. Write the names of the axes under the gradient, and pick
them in the order in which the variable has them.

Read more: the PyTorch documentation, "torch.permute".

Question: The forward carries {one} to {goes}. From which place does your line fetch its gradient?
Of what moves nothing: Nothing in the forward moves with {one}. What belongs there, and what does your line put there?
Of another shape: The forward carries {one} to {goes}. Yours is {got}: where in it is what comes back from there?
Slip: the numbers stand in another order along an axis
Note: Going back, each number returns to its own place.
Help: Follow one element by hand: where did the forward put it, and where does its gradient come back from?
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import permutations

import torch

from backprop_check.diagnosis.by_edit.edits import Edit, search, value_of
from backprop_check.diagnosis.case import Case
from backprop_check.expression.reductions import reduced
from backprop_check.expression.rewrites import calls, method, put
from backprop_check.records import Diagnosis

PERMUTES = ("permute", "transpose", "swapaxes", "movedim", "moveaxis")


def find(case: Case) -> Diagnosis | None:
    """Proven by another order of the axes in the learner's own call: the expression is then right."""
    found = search(case, edits)
    if found is None:
        return _moved(case)
    call = found.part
    assert isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
    undone = next((line for line in case.consumers if any(word in line.source for word in PERMUTES)), None)
    return case.proven(
        "wrong-permutation",
        error=f"`{call.func.attr}` puts the axes in the wrong order",
        note=f"`{undone.name} = {undone.source}` moved the axes; "
        "the way back is the inverse order, which brings each axis to its old place."
        if undone is not None
        else f"The axes have to end up in the order in which {case.node} has them.",
        help="Write the axes' names under what stands before the call, and pick them in the order the result needs.",
        span=case.span(call, after=call.func.value),
        fix=found.fix,
    )


def _moved(case: Case) -> Diagnosis | None:
    """A call that puts the numbers of an axis in another order does not belong there."""
    found = search(case, _left_out)
    if found is None:
        return None
    call = found.part
    assert isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
    return case.proven(
        "wrong-permutation",
        error=f"`{call.func.attr}` moves the numbers away from their places",
        note=f"Without it every number stands in the place of the element of {case.node} whose gradient it is.",
        help="Move numbers on the way back only where the forward moved them.",
        span=case.span(call, after=call.func.value),
        fix=found.fix,
    )


def _left_out(_: Case, expression: ast.expr) -> Iterator[Edit]:
    for call in calls(expression, "flip", "roll", "rot90"):
        given = reduced(call)
        if given is not None:
            yield put(expression, call, given[0]), call


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    for call in calls(expression, *PERMUTES):
        given = reduced(call)
        base = value_of(case, given[0]) if given is not None else None
        if given is None or not isinstance(base, torch.Tensor) or base.dim() < 3:
            continue
        if call.func.attr == "permute":  # type: ignore[attr-defined]
            yield put(expression, call, given[0]), call
            if (undone := _inverse(given[1])) is not None:
                yield put(expression, call, ast.copy_location(method(given[0], "permute", *undone), call)), call
        for order in permutations(range(base.dim())) if base.dim() <= 5 else ():
            if order != tuple(range(base.dim())):
                yield put(expression, call, ast.copy_location(method(given[0], "permute", *order), call)), call


def _inverse(given: list[ast.expr]) -> list[int] | None:
    """The order that undoes a permutation, if it is written in numbers."""
    try:
        order = [ast.literal_eval(n) for n in (given[0].elts if len(given) == 1 and isinstance(given[0], ast.Tuple | ast.List) else given)]
    except ValueError:
        return None
    whole = all(type(n) is int for n in order) and sorted(n % len(order) for n in order) == list(range(len(order)))
    return [[n % len(order) for n in order].index(i) for i in range(len(order))] if whole else None
