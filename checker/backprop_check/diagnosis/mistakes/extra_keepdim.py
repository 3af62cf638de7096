"""extra-keepdim: the numbers are right, but the shape has an axis of length 1 too many.

Family: Shape, broadcast, reduction
Forward: y = x + b
Shapes: x (N, C), b (C,)
Wrong: db = dy.sum(0, keepdim=True)
Right: db = dy.sum(0)

Why:
A gradient has exactly the shape of its variable. b has no batch axis, so its gradient has none either; (1, C) works
only by the luck of broadcasting, and makes b itself a (1, C) after the first step.

Read more: the PyTorch documentation, "torch.sum", keepdim.

Question: Which axes has {node}, {axes}, and which are left after {part}?
Slip: inside this, a sum keeps an axis that should go
Note: With the kept axis, broadcasting lays the numbers beside others than theirs.
Help: Let the summed axis go.
Traits: other shape
"""

from __future__ import annotations

import ast

from backprop_check.diagnosis.by_edit.edits import parts
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import equal
from backprop_check.diagnosis.meeting import last_step
from backprop_check.diagnosis.mistakes.lost_keepdim import REDUCTIONS
from backprop_check.expression.rewrites import calls, put, without_keyword
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by taking the answer's extra axes of length 1 away: it is then the oracle."""
    shapes = [(tuple(a.shape), tuple(o.shape)) for a, o in zip(case.answers, case.oracles, strict=True)]
    if not all(len(a) > len(o) and [n for n in o if n != 1] == [n for n in a if n != 1] for a, o in shapes):
        return None
    if not case.mends(lambda a, o: a.reshape(o.shape)):
        return None
    if case.partial and case.got == case.due:
        return None  # what the answer is held against has another shape than the node
    expression = case.expression
    kept, laid = _kept(case, expression), _laid(case, expression)
    many = len(shapes[0][0]) - len(shapes[0][1])
    return case.proven(
        "extra-keepdim",
        error=f"{case.got}, but {case.node} is {case.due}",
        note=f"The numbers are right; the shape has {'one axis' if many == 1 else f'{many} axes'} of length 1 more than {case.node} has.",
        help="Drop the axis you sum over: without `keepdim` the sum takes it away."
        if kept
        else f"Leave the `{laid[1]}` out."
        if laid
        else f"Take away what {case.node} has not: `.squeeze({_place(shapes[0])})`."
        if many == 1
        else f"Lay it out in the shape of {case.node}.",
        span=case.span(kept, after=getattr(kept.func, "value", None)) if kept else case.span(),
        evidence=f"Reshaped to {case.due}, the answer equals autograd's gradient in every trial.",
        claims=(equal("answer.reshape(gradient.shape)"),),
        fix=ast.unparse(laid[0]) if laid and not kept else _fix(case, expression),
    )


def _place(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> int:
    """Which axis of length 1 the answer has more than is due."""
    got, due = shapes
    return next(i for i in range(len(got)) if got[i] == 1 and got[:i] + got[i + 1 :] == due)


def _laid(case: Case, expression: ast.expr | None) -> tuple[ast.expr, str] | None:
    """The expression without the one part that gives it that axis, where it is then right; and that part."""
    for part in parts(expression) if expression is not None else ():
        base = None
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in ("unsqueeze", "reshape", "view"):
            base = part.func.value
        elif isinstance(part, ast.Subscript) and "None" in ast.unparse(part.slice):
            base = part.value
        if base is not None and expression is not None and case.is_right(changed := put(expression, part, base)):
            return ast.fix_missing_locations(changed), last_step(part)
    return None


def _kept(case: Case, expression: ast.expr | None) -> ast.Call | None:
    """The reduction that keeps the axis: without its `keepdim` the expression is right."""
    found = calls(expression, *REDUCTIONS) if expression is not None else iter(())
    keeping = [call for call in found if any(k.arg in ("keepdim", "keepdims") for k in call.keywords)]
    return next((c for c in keeping if any(case.is_right(without_keyword(expression, c, k)) for k in ("keepdim", "keepdims"))), None)  # type: ignore[arg-type]


def _fix(case: Case, expression: ast.expr | None) -> str | None:
    if expression is None or any(expression is call for call in calls(expression, "ones", "zeros", "full")):
        return None  # what is made anew is made in the right shape
    edits = [without_keyword(expression, call, "keepdim") for call in calls(expression, *REDUCTIONS)]
    squeezed = ast.Call(ast.Attribute(expression, "squeeze", ast.Load()), [ast.Constant(0)], [])
    view = ast.Call(ast.Attribute(expression, "reshape", ast.Load()), [ast.parse(f"{case.node}.shape", mode="eval").body], [])
    return case.fix(*edits, squeezed, view)
