"""wrong-axis: the sum runs over the axis the variable has, and keeps the one it lacks.

Family: Shape, broadcast, reduction
Forward: y = x + b
Shapes: x (N, C), b (C,)
Wrong: db = dy.sum(1)
Right: db = dy.sum(0)

Why:
The axis to sum over is the one along which the variable was copied: the one it does not have, or has with length 1. b
has C numbers, one a column, and was added to each of N rows, so the rows are summed away and the columns stay.

Read more: the PyTorch documentation, "Broadcasting semantics".
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.edits import Edit, search
from backprop_check.diagnosis.rewrites import calls, put, with_keyword
from backprop_check.diagnosis.rules.needless_sum import idle
from backprop_check.diagnosis.words import shape_of
from backprop_check.records import Diagnosis

ALONG = ("sum", "mean", "amax", "amin", "max", "min", "prod", "norm", "var", "std", "logsumexp", "softmax", "log_softmax", "cumsum",
         "cat", "stack", "argmax", "argmin", "flip", "one_hot", "gather", "scatter", "index_add", "unsqueeze")  # fmt: skip
RANKS = 4


def find(case: Case) -> Diagnosis | None:
    """Proven by the learner's own expression with another axis: it is then the oracle."""
    found = search(case, _busy)
    return _told(case, found) if found is not None else None


def _busy(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """Not those that let a sum or mean run over an axis of length 1: that changes nothing, so no axis is due there at all."""
    before = idle(case, expression)
    yield from (edit for edit in edits(case, expression) if idle(case, edit[0]) <= before)


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """Each operation that runs along an axis, along every other; along several, with one of them exchanged."""
    found = [(call, written) for call in calls(expression, *ALONG) for written in _axes(call)]
    for written_so in dict.fromkeys(ast.unparse(written) for _, written in found):
        same = [(call, written) for call, written in found if ast.unparse(written) == written_so]
        for other in _others(same[0][1]) if len(same) > 1 else ():
            changed = expression
            for _, written in same:
                changed = put(changed, written, ast.copy_location(other, written))
            yield changed, same[0][0]
    for call, written in found:
        for other in _others(written):
            yield put(expression, written, ast.copy_location(other, written)), call
    yield from _lengths(expression)
    for call, written in found:
        if (
            isinstance(call.func, ast.Attribute)
            and call.func.attr in ("sum", "mean")
            and not any(k.arg == "keepdim" for k in call.keywords)
        ):
            for other in _others(written):
                kept = put(with_keyword(call, call, "keepdim", True), written, ast.copy_location(other, written))
                yield put(expression, call, kept), call


def _lengths(expression: ast.expr) -> Iterator[Edit]:
    """Another length of a tensor as the number of columns of `one_hot`; an axis for an `argmax` that runs over all."""
    for call in calls(expression, "one_hot"):
        for length in call.args[1:2]:
            if isinstance(length, ast.Subscript) and isinstance(length.value, ast.Attribute) and length.value.attr == "shape":
                for other in _others(length.slice):
                    yield put(expression, length.slice, ast.copy_location(other, length.slice)), call
    for call in calls(expression, "argmax", "argmin"):
        if not _axes(call) and not call.keywords:
            for axis in range(RANKS):
                yield put(expression, call, ast.copy_location(ast.Call(call.func, [ast.Constant(axis)], []), call)), call


def _axes(call: ast.Call) -> list[ast.expr]:
    """Where the call may say its axis."""
    return [*call.args, *(k.value for k in call.keywords if k.arg in ("dim", "axis"))]


def _others(written: ast.expr) -> Iterator[ast.expr]:
    try:
        now = ast.literal_eval(written)
    except ValueError:
        return
    if isinstance(now, int) and not isinstance(now, bool) and -RANKS <= now < RANKS:
        yield from (ast.Constant(axis) for axis in range(RANKS) if axis != now)
        yield ast.UnaryOp(ast.USub(), ast.Constant(1))
    elif isinstance(now, tuple) and now and all(isinstance(n, int) for n in now):
        for axes in combinations(range(RANKS), len(now)):
            if axes != now:
                yield ast.Tuple([ast.Constant(n) for n in axes], ast.Load())


def _of_call(call: ast.Call) -> str | None:
    """What is wrong with a call that has no axis of its own, or none that is written."""
    assert isinstance(call.func, ast.Attribute)
    if call.func.attr == "one_hot" and len(call.args) == 2 and isinstance(call.args[1], ast.Subscript):
        return f"`{ast.unparse(call.args[1])}` is the length of another axis than the one that is picked from"
    if call.func.attr in ("argmax", "argmin") and not _axes(call):
        return f"`{call.func.attr}` without an axis runs over all of them: it gives one index alone"
    return None


def _told(case: Case, found: tuple[str, ast.expr, ast.expr]) -> Diagnosis:
    fix, _, call = found
    assert isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
    name = call.func.attr
    over = shape_of(case, call.func.value) or (shape_of(case, call.args[0]) if call.args else None) or "tensor"
    same = not case.everywhere or case.same_shape
    return Diagnosis(
        code="wrong-axis",
        certainty="proven",
        error=_of_call(call) or (f"this runs over the wrong axis of a {over}" if same else f"{case.got}, but {case.node} is {case.due}"),
        note=f"Along that axis `{name}` mixes numbers that the forward keeps apart."
        if same
        else f"`{name}` runs along the axis that {case.node} keeps, and keeps the one to sum away.",
        help="Ask which axis was copied, or summed, in the forward; that is the one to run over.",
        span=case.span(call, after=call.func.value),
        evidence=f"`{fix}` equals autograd's gradient in every trial.",
        fix=fix,
    )
