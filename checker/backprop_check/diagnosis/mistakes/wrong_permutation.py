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

Question: The forward carries {one} to {carried}. From where does your line fetch its gradient?
Of factors that meet: Write its axes under each factor of the product, for {name}: on which one have they to meet, and which one numbers the
matrices?
Of what moves nothing: Nothing in the forward moves with {one}. What belongs there, and what does your line put there?
Of another shape: The forward carries {one} to {carried}. Yours is {got}: where in it is what comes back from there?
Slip: the numbers stand in another order along an axis
Note: Going back, each number returns to its own place.
Help: Follow one element by hand: where did the forward put it, and where does its gradient come back from?
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations, permutations

import torch

from backprop_check.diagnosis.by_edit.edits import Edit, Mended, search, value_of
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.meeting import axes_of, axis_told, contracted, function_of, operands_of
from backprop_check.diagnosis.phrases import short, users
from backprop_check.expression.reductions import reduced
from backprop_check.expression.rewrites import calls, literal_axes, method, parts, put, same_place
from backprop_check.records import Diagnosis

LAST_TWO = "Exchange the last two axes"
PERMUTES = ("permute", "transpose", "swapaxes", "movedim", "moveaxis")


def find(case: Case) -> Diagnosis | None:
    """Proven by another order of the axes in the learner's own call: the expression is then right."""
    found = search(case, edits)
    if found is None:
        return _moved(case) or _running(case)
    call = found.part
    assert isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
    if (told := _in_product(case, found, call)) is not None:
        return told
    undone = next((line for line in case.consumers if any(word in line.source for word in PERMUTES)), None)
    return case.proven(
        "wrong-permutation",
        error=f"`{call.func.attr}` puts the axes in the wrong order",
        note=f"`{undone.name} = {undone.source}` moved the axes; "
        "the way back is the inverse order, which brings each axis to its old place."
        if undone is not None
        else _due(case, found, call),
        help="Write the axes' names under what stands before the call, and pick them in the order the result needs.",
        span=case.span(call, after=call.func.value),
        fix=found.fix,
    )


def _in_product(case: Case, found: Mended, call: ast.Call) -> Diagnosis | None:
    """Of a factor of a matrix product whose last two axes are to be exchanged: on which axis the two have to meet."""
    assert case.draft is not None and isinstance(call.func, ast.Attribute)
    product = next((both for part in parts(case.draft) if len(both := _factors(part)) == 2 and call in both), None)
    new, base = same_place(case.draft, found.tree, call), reduced(call)
    if product is None or new is None or base is None:
        return None
    mine, turned = value_of(case, new), value_of(case, base[0])
    if not isinstance(mine, torch.Tensor) or not isinstance(turned, torch.Tensor) or not torch.equal(mine, turned.mT):
        return None
    axes, meet = axes_of(case, new) or [], contracted(case, *(new if side is call else side for side in product))
    if meet is None or meet[0] != meet[1] or len(axes) < 3:
        return None
    front = " and ".join(axes[:-2])
    return case.proven(
        "wrong-permutation",
        error=f"`{call.func.attr}` exchanges other axes than the last two"
        if call.func.attr != "permute"
        else "`permute` moves more than the last two axes",
        note=f"A matrix product sums over the last axis of its left factor and the last but one of its right one: "
        f"they have to meet on {meet[0]}, and {front}, in front, number{'s' * (len(axes) == 3)} the matrices.",
        question="Of factors that meet",
        help=f"Exchange the last two axes of `{short(base[0])}`, and leave what is in front where it is.",
        span=case.span(call, after=call.func.value),
        fix=found.fix,
    )


def _factors(part: ast.expr) -> list[ast.expr]:
    """The two factors of a matrix product, as an operator or as a call."""
    product = isinstance(part, ast.BinOp) and isinstance(part.op, ast.MatMult)
    return operands_of(part) if product or (isinstance(part, ast.Call) and function_of(part) in ("matmul", "bmm", "mm")) else []


def _due(case: Case, found: Mended, call: ast.Call) -> str:
    """In which order the axes have to stand where the call does."""
    new = same_place(case.draft, found.tree, call) if case.draft is not None else None
    if call is case.draft or new is None or not (axes := axes_of(case, new)):
        return f"The axes have to end up in the order in which {case.node} has them."
    return f"What stands around it needs the axes in the order ({', '.join(axes)})."


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


def _running(case: Case) -> Diagnosis | None:
    """Running sums that are right but for the end at which they begin, or for the order in which they stand."""
    found = search(case, _turned_round)
    call = found.part if found is not None else None
    if found is None or case.draft is None or not isinstance(call, ast.Call):
        return None
    axis, names, there = literal_axes(call), axes_of(case, call), same_place(case.draft, found.tree, call)
    if not isinstance(there, ast.Call) or axis is None or not names:
        return None
    along, after = axis_told(names, axis[0]), function_of(there) == "flip"
    turned = any(next(calls(call, "flip"), None) if after else call in ast.walk(f) for f in calls(case.draft, "flip"))
    one, other = ("before", "back after") if after else ("after", "before")
    return case.proven(
        "wrong-permutation",
        error=f"the right running sums stand the other way round along {along}"
        if after
        else f"these running sums begin at the wrong end of {along}",
        note=f"The order is turned round {one} the sum, and not {other} it." if turned else f"{users(case)} decides from where they run.",
        help=f"Turn round along {along} {'what comes out' if after else 'what goes in'}: `.flip({axis[0]})`.",
        span=case.span(call),
        fix=found.fix,
    )


def _turned_round(_: Case, expression: ast.expr) -> Iterator[Edit]:
    """The result of running sums turned round, or what they add up."""
    for call in calls(expression, "cumsum", "cumprod", "logcumsumexp"):
        axes, given = literal_axes(call), reduced(call)
        if axes is not None and given is not None:
            yield put(expression, call, method(call, "flip", *axes)), call
            yield put(expression, given[0], method(given[0], "flip", *axes)), call


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
        if call.func.attr in ("transpose", "swapaxes"):  # type: ignore[attr-defined]
            for pair in combinations(range(base.dim()), 2):
                yield put(expression, call, ast.copy_location(method(given[0], call.func.attr, *pair), call)), call  # type: ignore[attr-defined]
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
