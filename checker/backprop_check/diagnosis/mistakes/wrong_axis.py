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

Question: Write the axes under each tensor of your line. Which does {part} name, and what does the forward do along it?
Of factors that meet: Write the axes of {part} under those of what it meets, from the right. Which stand under which, and which should?
Slip: a sum runs over another axis than it should
Note: Each number collects what comes back from the results that it serves, and from no others.
Help: Name the axes of what is summed, and those that are needed after it: the one that is not needed is summed away.
Traits: other shape
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import torch

from backprop_check.derivation.trees import literal, text
from backprop_check.diagnosis.by_edit.edits import Edit, Mended, parts, search, value_of
from backprop_check.diagnosis.by_edit.laid import laid, laid_out, told_as_laid
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.meeting import MODULES, axes_of, axis_told, function_of, last_step, shape_told
from backprop_check.diagnosis.mistakes.needless_sum import busy
from backprop_check.diagnosis.phrases import short
from backprop_check.expression.rewrites import axes_written, calls, literal_axes, put, same_place, with_keyword
from backprop_check.records import Diagnosis

ALONG = ("sum", "mean", "amax", "amin", "max", "min", "prod", "norm", "var", "std", "logsumexp", "softmax", "log_softmax", "cumsum",
         "cat", "stack", "argmax", "argmin", "flip", "one_hot", "gather", "scatter", "index_add", "unsqueeze",
         "scatter_", "scatter_add", "scatter_add_", "index_add_")  # fmt: skip
OVER = frozenset(ALONG[:14]) | {"argmax", "argmin", "flip"}
"""Those that run over the axes of a tensor of their own; the others take an axis of what they make, or of what they join."""

INDEXED = ("gather", "scatter", "scatter_", "scatter_add", "scatter_add_", "index_add", "index_add_")
"""Those that are told along which axis an index counts."""

KEEPS = ALONG[:11]
"""Those that can keep the axis that they run over."""

RANKS = 4


def find(case: Case) -> Diagnosis | None:
    """Proven by the learner's own expression with another axis: it is then the oracle."""
    found = search(case, busy(edits))
    if found is not None:
        return told(case, found)
    found = search(case, laid)
    if found is not None:
        right = same_place(case.draft, found.tree, found.part) if case.draft is not None else None
        error, note, move = told_as_laid(case, found.part, right)
        return case.proven("wrong-axis", by=found, error=error, note=note, help=move, question="Of factors that meet")
    found = search(case, _copied)
    if found is None:
        return _of_a_shape(case)
    one = told(case, found)
    return replace(one, help=f"{one.help} Then copy it to the shape of {case.node}: multiply with `torch.ones_like({case.node})`.")


def _of_a_shape(case: Case) -> Diagnosis | None:
    """Proven by a length of another axis: where a shape has no number at that place, and the line raised."""
    found = search(case, _lacking)
    if found is None or not isinstance(found.part, ast.Subscript) or not isinstance(found.part.value, ast.Attribute):
        return None
    base = found.part.value.value
    other = case.draft is not None and not any(part is base for part in parts(found.tree))
    return case.proven(
        "wrong-operand" if other else "wrong-axis",
        by=found,
        error=f"`{short(base)}` has no axis {ast.unparse(found.part.slice)}: it is {shape_told(case, base) or 'a single number'}",
        note="The numbers of a shape are counted from 0, as axes are." + (" Of another tensor it is a length." if other else ""),
        help="Ask which length belongs here: how many numbers were averaged, added up or counted?",
    )


def _lacking(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """Each axis that a tensor has, for one of a `shape` that it has not; then another tensor, which may have it."""
    for part in parts(expression):
        if not (isinstance(part, ast.Subscript) and isinstance(part.value, ast.Attribute) and part.value.attr == "shape"):
            continue
        names, axis = axes_of(case, part.value.value), literal(part.slice)
        if names is not None and isinstance(axis, int) and not -len(names) <= axis < len(names):
            for other in range(len(names)):
                yield put(expression, part.slice, ast.copy_location(ast.Constant(other), part.slice)), part
            if isinstance(part.value.value, ast.Name):
                for name in case.graph.exercise.names:
                    yield put(expression, part.value.value, ast.copy_location(ast.Name(name, ast.Load()), part.value.value)), part


def _copied(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """An axis of length 1 put in another place, and the whole then copied to the shape of the node."""
    ones = ast.parse(f"torch.ones_like({case.node})", mode="eval").body
    for call in calls(expression, "unsqueeze"):
        for written in axes_written(call):
            for other in _others(written):
                moved = put(expression, written, ast.copy_location(other, written))
                yield ast.BinOp(ones, ast.Mult(), moved), call


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """Each operation that runs along an axis, along every other; along several, with one of them exchanged."""
    found = [(call, written) for call in calls(expression, *ALONG) for written in axes_written(call)]
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
    yield from _lengths(case, expression)
    for call, written in found:
        if function_of(call) in KEEPS and not any(k.arg == "keepdim" for k in call.keywords):
            for other in _others(written):
                along = put(call, written, ast.copy_location(other, written))
                if not _same(value_of(case, along), value_of(case, call)):  # -1 names the last axis as well
                    kept = put(with_keyword(call, call, "keepdim", True), written, ast.copy_location(other, written))
                    yield put(expression, call, kept), call


def _same(one: object, other: object) -> bool:
    return isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor) and one.shape == other.shape and torch.equal(one, other)


def _lengths(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """Another length of a tensor as the number of columns of `one_hot`; an axis for an `argmax` that runs over all."""
    for call in calls(expression, "one_hot"):
        for length in call.args[1:2]:
            if isinstance(length, ast.Subscript) and isinstance(length.value, ast.Attribute) and length.value.attr == "shape":
                for other in _others(length.slice):
                    yield put(expression, length.slice, ast.copy_location(other, length.slice)), call
            elif isinstance(length, ast.Constant):
                for axis in range(case.verdict.runs[0].trial.gradients[case.name].dim()):
                    yield put(expression, length, ast.parse(f"{case.node}.shape[{axis}]", mode="eval").body), call
    for call in calls(expression, "cat", "concat", "stack"):
        if len(call.args) == 1 and not call.keywords:
            for axis in range(1, RANKS):
                yield put(expression, call, ast.copy_location(ast.Call(call.func, [*call.args, ast.Constant(axis)], []), call)), call
    for call in calls(expression, *KEEPS):
        if call is not expression and not axes_written(call) and not call.keywords and _is_method(call):
            for axis in range(RANKS):
                named = function_of(call) == "norm"  # whose first argument is another
                given: list[ast.expr] = [] if named else [ast.Constant(axis)]
                along = [ast.keyword("dim", ast.Constant(axis))] if named else []
                for keep in ([ast.keyword("keepdim", ast.Constant(True))], []):
                    yield put(expression, call, ast.copy_location(ast.Call(call.func, given, along + keep), call)), call
    for call in calls(expression, "argmax", "argmin"):
        if not axes_written(call) and not call.keywords:
            for axis in range(RANKS):
                yield put(expression, call, ast.copy_location(ast.Call(call.func, [ast.Constant(axis)], []), call)), call


def _is_method(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) not in MODULES


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
        return f"`{text(call.args[1])}` is the length of another axis than the one that is picked from"
    if call.func.attr == "one_hot" and len(call.args) == 2 and isinstance(call.args[1], ast.Constant):
        return f"`one_hot` makes {ast.unparse(call.args[1])} columns here, and the axis that the indices count along has another length"
    if call.func.attr in KEEPS and not axes_written(call):
        return f"`{call.func.attr}()` runs over all axes: it gives one number for everything"
    if call.func.attr in ("argmax", "argmin") and not axes_written(call):
        return f"`{call.func.attr}` without an axis runs over all of them: it gives one index alone"
    return None


def told(case: Case, found: Mended) -> Diagnosis:
    fix, changed, call = found
    assert isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
    name = call.func.attr
    base = call.args[0] if ast.unparse(call.func.value) in MODULES and call.args else call.func.value
    names, over = axes_of(case, base), shape_told(case, base) or "tensor"
    now, due = literal_axes(call), literal_axes(_changed(case, call, changed))
    shaped = case.everywhere and not case.same_shape
    kept = any(k.arg == "keepdim" for k in getattr(_changed(case, call, changed), "keywords", []))
    keep = ", and keep it with length 1" if kept and not any(k.arg == "keepdim" for k in call.keywords) else ""
    if names is None or now is None or due is None or name not in OVER:
        error, move = _of_call(call) or f"another axis belongs in this `{name}`", _pick(_changed(case, call, changed) or call)
        note = ""
        if name == "unsqueeze":
            error = "the axis of length 1 stands in the wrong place"
            note = f"`{short(call)}` is {shape_told(case, call)}; what it is joined with has another axis there."
            if laid_out(case, call) is not None:
                note = told_as_laid(case, call, _changed(case, call, changed))[1]
        if names is not None and due is not None and name in OVER and not axes_written(call):
            note = f"`{short(base)}` is {over}: {_listed(names, due)} {_belong(due)} here."
            move = f"Let `{name}` run over {_listed(names, due)}{keep}."
        if names is not None and due is not None and name in INDEXED:
            note = f"`{short(base)}` is {over}, and the index counts along {_listed(names, due)}."
            move = f"Tell `{name}` along which axis the index counts."
    elif max(now) >= len(names) or min(now) < -len(names):
        asked = next(n for n in now if not -len(names) <= n < len(names))
        error, note = f"`{short(base)}` has no axis {asked}: it is {over}", "Axes are counted from 0."
        move = f"Let `{name}` run over {_listed(names, due)}{keep}."
    else:
        error = f"{case.got}, but {case.node} is {case.due}" if shaped else f"this runs over {_listed(names, now)} of a {over}"
        note = f"`{name}` runs over {_listed(names, now)} of a {over}; " if shaped else ""
        note = f"{note}{_listed(names, due)} {_belong(due)} here.".strip()
        note = note[:1].upper() + note[1:]
        move = f"Let `{name}` run over {_listed(names, due)}{keep}."
    span = case.span(call, after=call.func.value)
    along = _along(case, changed)
    if (others := [c for c in along if function_of(c) != name]) and names is not None and due is not None:
        called = " and ".join(f"`{n}`" for n in dict.fromkeys(map(function_of, along)))
        move = f"Let {called} run over {_listed(names, due)}."
        inner = along[-1].func
        if all(c in calls(along[0], *ALONG) for c in others) and isinstance(inner, ast.Attribute):
            span = case.span(along[0], after=inner.value)
    return case.proven("wrong-axis", error=error, note=note, help=move, span=span, fix=fix)


def _along(case: Case, changed: ast.expr) -> list[ast.Call]:
    """The learner's calls whose axis is another in the right expression, the outermost first."""
    pairs = zip(calls(case.draft, *ALONG), calls(changed, *ALONG), strict=False) if case.draft is not None else ()
    return [old for old, new in pairs if function_of(old) == function_of(new) and literal_axes(old) != literal_axes(new)]


def _changed(case: Case, call: ast.Call, changed: ast.expr) -> ast.Call | None:
    """The call as the right expression has it: the one that is new there, of the same function and on the same value."""
    known = {id(n) for n in ast.walk(case.draft)} if case.draft is not None else set()
    new = (c for c in calls(changed, call.func.attr) if id(c) not in known) if isinstance(call.func, ast.Attribute) else iter(())
    return next(new, None)


def _belong(axes: tuple[int, ...]) -> str:
    return "is the one that belongs" if len(axes) == 1 else "are the ones that belong"


def _listed(names: list[str], axes: tuple[int, ...]) -> str:
    return " and ".join(axis_told(names, axis) for axis in axes)


def _pick(call: ast.Call) -> str:
    """The move for a call without an axis of its own."""
    return f"Write `{last_step(call).lstrip('.') if len(ast.unparse(call)) > 40 else ast.unparse(call)}`."
