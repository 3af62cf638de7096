"""lost-keepdim: the numbers are right, but the summed axis is gone from the shape.

Family: Shape, broadcast, reduction
Forward: p = c * s
Shapes: c (N, C), s (N, 1)
Wrong: ds = (c * dp).sum(1)
Right: ds = (c * dp).sum(1, keepdim=True)

Why:
A gradient has exactly the shape of its variable: one number for each of the variable's numbers, in the same place.
`sum(1)` takes axis 1 away; `sum(1, keepdim=True)` leaves it, with length 1. A lost axis does harm silently: (N, 1)
minus (N,) broadcasts to an (N, N) table.

Read more: the PyTorch documentation, "Broadcasting semantics".

Question: Which axes has {node}, {axes}, and which are left after {part}?
Slip: inside this, a sum drops the axis it runs over
Note: Without the axis, broadcasting lays the numbers beside other rows or columns than theirs.
Help: Keep the summed axis, with length 1.
Traits: other shape
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations

from backprop_check.diagnosis.by_edit.edits import Edit, search
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import equal
from backprop_check.diagnosis.meeting import around, axes_of, axis_told, function_of
from backprop_check.diagnosis.mistakes.needless_sum import over_one
from backprop_check.exercise.sizes import written
from backprop_check.expression.rewrites import calls, literal_axes, method, put, with_keyword
from backprop_check.records import Diagnosis

REDUCTIONS = ("sum", "mean", "amax", "amin", "prod", "max", "min")


def find(case: Case) -> Diagnosis | None:
    """Proven by giving the answer back its axes of length 1, or by keeping the axis of a sum inside it: it is then the oracle."""
    return _whole(case) or _inside(case)


def _whole(case: Case) -> Diagnosis | None:
    squeezed = [(tuple(a.shape), tuple(o.shape)) for a, o in zip(case.answers, case.oracles, strict=True)]
    if not all(a != o and len(a) < len(o) and [n for n in o if n != 1] == [n for n in a if n != 1] for a, o in squeezed):
        return None
    if not case.mends(lambda a, o: a.reshape(o.shape)):
        return None
    if case.partial and case.got == case.due:
        return None  # what the answer is held against has another shape than the node
    place = next(i for i, n in enumerate(squeezed[0][1]) if n == 1)
    expression = case.expression
    reductions = calls(expression, *REDUCTIONS) if expression is not None else iter(())
    reduction = next((call for call in reductions if not any(k.arg == "keepdim" for k in call.keywords)), None)  # that one drops an axis
    span = case.span(reduction, after=getattr(reduction.func, "value", None)) if reduction is not None else case.span()
    return case.proven(
        "lost-keepdim",
        error=f"{case.got}, but {case.node} is {case.due}",
        note=_note(case, reduction),
        help=_of_several(case, reduction) or "Keep the summed axis, with length 1."
        if reduction is not None and function_of(reduction) in ("sum", "mean")
        else "Keep the axis it runs over, with length 1: `keepdim=True`."
        if reduction is not None
        else f"Give it the axis of length 1 that {case.node} has: `.unsqueeze({place})`, or the shape of {case.node} from the start.",
        span=span,
        evidence=f"Reshaped to {case.due}, the answer equals autograd's gradient in every trial.",
        claims=(equal("answer.reshape(gradient.shape)"),),
        fix=_fix(case, expression),
    )


def _of_several(case: Case, reduction: ast.Call) -> str | None:
    """The move where a sum runs over several axes, and not all of them stay."""
    base = reduction.func.value if isinstance(reduction.func, ast.Attribute) else None
    names, axes = axes_of(case, base) if base is not None else None, literal_axes(reduction)
    if names is None or axes is None or len(axes) < 2 or case.draft is None:
        return None
    kept = with_keyword(reduction, reduction, "keepdim", True)
    for count in range(1, len(axes)):
        for gone in combinations(axes, count):
            taken = gone[0] if count == 1 else gone
            if case.is_right(put(case.draft, reduction, method(kept, "squeeze", ast.parse(repr(taken), mode="eval").body))):
                stay, go = (" and ".join(axis_told(names, a) for a in axes if (a in gone) == away) for away in (False, True))
                stays, goes = "stays" if len(axes) - count == 1 else "stay", "goes" if count == 1 else "go"
                return f"Only {stay} {stays}, with length 1; {go} {goes}: `keepdim=True` would keep them all."
    return None


def _inside(case: Case) -> Diagnosis | None:
    found = search(case, edits)
    if found is None:
        return None
    call = found.part
    assert isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
    return case.proven(
        "lost-keepdim",
        error=f"`{call.func.attr}` drops the axis it runs over",
        note="Without that axis its numbers do not meet the elements they belong to.",
        help="Keep the axis it runs over, with length 1: `keepdim=True`.",
        span=case.span(call, after=call.func.value),
        fix=found.fix,
    )


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    before = over_one(case, expression)
    for call in calls(expression, *REDUCTIONS):
        taken = isinstance(next(around(expression, call), None), ast.Subscript)
        if not taken and not any(k.arg == "keepdim" for k in call.keywords):
            kept = with_keyword(expression, call, "keepdim", True)
            # Of `x.sum(0).sum(0)` the second call would run over the kept axis: it is one too many.
            if over_one(case, kept) <= before:
                yield kept, call


def _note(case: Case, reduction: ast.Call | None) -> str:
    step = case.oracles[0] - case.answers[0] if _broadcasts(case) else None
    what = "an axis of length 1 is missing"
    if reduction is not None and isinstance(reduction.func, ast.Attribute):
        call = ast.unparse(ast.Call(ast.Name(reduction.func.attr), reduction.args, reduction.keywords))
        what = f"{call} drops the {'axes' if len(literal_axes(reduction) or ()) > 1 else 'axis'} it runs over"
    note = f"The numbers are right; the shape is not: {what}."
    if step is not None and step.shape != case.oracles[0].shape:
        note += f" A step `{case.node} = {case.node} - lr * {case.name}` would silently make a {written(tuple(step.shape))} of it."
    return note


def _broadcasts(case: Case) -> bool:
    pairs = zip(reversed(case.answers[0].shape), reversed(case.oracles[0].shape), strict=False)
    return all(a == o or 1 in (a, o) for a, o in pairs)


def _fix(case: Case, expression: ast.expr | None) -> str | None:
    if expression is None:
        return None
    edits = [with_keyword(expression, call, "keepdim", True) for call in calls(expression, *REDUCTIONS)]
    edits += [ast.parse(f"torch.{call.func.attr}_like({case.node})", mode="eval").body for call in calls(expression, "ones", "zeros")]  # type: ignore[attr-defined]
    view = ast.Call(ast.Attribute(expression, "reshape", ast.Load()), [ast.parse(f"{case.node}.shape", mode="eval").body], [])
    return case.fix(*edits, view)
