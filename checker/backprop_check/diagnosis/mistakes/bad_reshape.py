"""bad-reshape: a tensor cannot be laid out in that shape: the numbers do not fill it.

Family: The line raised, or is not an answer
Forward: y = x @ W
Shapes: x (N, K), W (K, M)
Wrong: dW = torch.zeros_like(W) + x.sum(0).reshape(99, 1)
Right: dW = x.T @ dy

Why:
A reshape keeps every number, so the lengths of the new shape multiply to the same count. A length written as a number
is a guess about sizes: keep the axis instead (`keepdim=True`), give it back with `[:, None]`, or leave one length to
torch (`-1`).

Read more: the PyTorch documentation, "torch.reshape".

Question: Write both shapes one under the other, aligned from the right: what would have to become of each axis?
Law: A reshape keeps every number: as many before as after, read row by row.
Law of copies: `expand` copies: along axes of length 1, and along new ones in front.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import torch

from backprop_check.diagnosis import claims
from backprop_check.diagnosis.by_edit.edits import Edit, search, value_of
from backprop_check.diagnosis.by_value.reordered import RESHAPES
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.mistakes import wrong_axis
from backprop_check.diagnosis.phrases import short
from backprop_check.diagnosis.raised.failure import failing_part
from backprop_check.exercise.sizes import may_be, written
from backprop_check.expression.evaluate import Evaluator, Failed, Refused
from backprop_check.expression.rewrites import calls, method, put
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by counting: the tensor has another number of elements than the shape asked for, or axes that `expand` cannot stretch."""
    part = failing_part(case)
    if (
        not isinstance(part, ast.Call)
        or not isinstance(part.func, ast.Attribute)
        or part.func.attr not in (*RESHAPES, "expand", "expand_as")
    ):
        return None
    run, raised = case.verdict.runs[0], case.verdict.answer.raised
    evaluator = Evaluator(case.names(run), case.work)
    try:
        base, arguments = evaluator(part.func.value), [evaluator(a) for a in part.args]
    except (Refused, Failed, RecursionError):
        return None
    name = part.func.attr
    asked = _asked(arguments, of_tensors=name.endswith("_as"))
    if not isinstance(base, torch.Tensor) or asked is None:
        return None
    if name == "view" and _fills(base, asked):
        return _scattered(case, part, part.func.value)
    inner = ast.unparse(part.func.value)
    inner = f"`{inner}`" if len(inner) <= 30 else "what stands before it"
    stretch = name.startswith("expand")
    can = f"it cannot be expanded to {written(asked)}" if stretch else f"its {base.numel()} numbers cannot fill {written(asked)}"
    return case.proven(
        "bad-reshape",
        error=f"{inner} has shape {written(tuple(base.shape))}: {can}",
        note=_stretching(base, asked) if stretch else _strangers(case, asked),
        help=_move(case, part, base, asked, stretch),
        span=case.span(part, after=part.func.value),
        evidence=f"torch refuses it: {raised.message}" if raised else "",
        claims=(claims.raised(case),),
    )


def _stretching(base: torch.Tensor, asked: tuple[int, ...]) -> str:
    """What `expand` does, and the axis that it cannot stretch."""
    rule = "`expand` copies along axes of length 1, and along new ones in front. Aligned from the right,"
    for mine, other in zip(reversed(base.shape), reversed(asked), strict=False):
        if mine not in (1, other) and other != -1:
            return f"{rule} {mine} stands under {other} here."
    return f"{rule} {written(tuple(base.shape))} has more axes than {written(asked)}."


def _move(case: Case, part: ast.Call, base: torch.Tensor, asked: tuple[int, ...], stretch: bool) -> str:
    """How the numbers come to that shape: each way is tried."""
    assert isinstance(part.func, ast.Attribute)
    before, plain = part.func.value, part.func.value
    if isinstance(before, ast.Call) and isinstance(before.func, ast.Attribute) and before.func.attr == "unsqueeze":
        plain = before.func.value
    value = value_of(case, plain)
    for axis in range(value.dim(), -1, -1) if isinstance(value, torch.Tensor) else ():
        column = method(plain, "unsqueeze", axis)
        made = method(column, "expand", ast.parse(f"{case.node}.shape", mode="eval").body)
        if ast.dump(column) == ast.dump(before):
            continue
        if case.draft is not None and case.is_right(put(case.draft, part, column)) and plain is before:
            return f"Give `{short(plain)}` the missing axis, with length 1: `.unsqueeze({axis})`."
        if (case.draft is not None and case.is_right(put(case.draft, part, made))) or (
            value_of(case, made) is not None and _shape(case, column, asked)
        ):
            if plain is not before:
                return f"Let the axis of length 1 stand at position {axis}: `.unsqueeze({axis})`."
            first = f"Give `{short(plain)}` the missing axis beforehand, with length 1: `.unsqueeze({axis})`"
            return f"{first}; then broadcasting copies along it."
    node = case.verdict.runs[0].trial.values[case.node]
    if not stretch and base.numel() == node.numel():
        return f"As many numbers as {case.node} has, {case.due}: `{case.node}.shape` is a shape that they fill."
    if not stretch and base.numel() > node.numel():
        other = search(case, wrong_axis.edits)
        if other is not None:
            return f"A reshape adds nothing up, and the axis that {case.node} has must stay. {wrong_axis.told(case, other).help}"
        return f"{case.node} has {node.numel()} numbers, fewer than these: a reshape adds nothing up."
    return f"{case.node} is {case.due}: write its axes under those you have, and see which is missing or stands elsewhere."


def _shape(case: Case, column: ast.expr, asked: tuple[int, ...]) -> bool:
    """Whether what has been given its axis of length 1 can be expanded to the shape that was asked for, and to no other axis's place."""
    value = value_of(case, column)
    return (
        isinstance(value, torch.Tensor) and value.dim() == len(asked) and all(m in (1, n) for m, n in zip(value.shape, asked, strict=True))
    )


def _fills(base: torch.Tensor, asked: tuple[int, ...]) -> bool:
    try:
        base.reshape(asked)
    except RuntimeError:
        return False
    return True


def _scattered(case: Case, part: ast.Call, base: ast.expr) -> Diagnosis:
    """The numbers would fill the shape, but `view` copies none, and they do not lie in memory in the order that it needs."""
    return case.proven(
        "bad-reshape",
        error="`view` copies no numbers, and these do not lie in memory in the order that it needs",
        note="A transpose or an expand moves no number in memory: it only reads them in another order. The shape itself is possible.",
        help="Write `reshape`, which copies where it must.",
        span=case.span(part, after=base),
        evidence="`reshape` to the same shape works where `view` raised.",
        claims=(claims.raised(case),),
    )


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """A length in a reshape left to torch; `reshape` for `view`."""
    for call in calls(expression, "view"):
        assert isinstance(call.func, ast.Attribute)
        yield put(expression, call.func, ast.copy_location(ast.Attribute(call.func.value, "reshape", ast.Load()), call.func)), call
    for call in calls(expression, "expand", "expand_as", "broadcast_to"):
        if isinstance(call.func, ast.Attribute) and isinstance(base := value_of(case, call.func.value), torch.Tensor):
            for axis in range(base.dim() + 1):
                yield put(expression, call.func.value, method(call.func.value, "unsqueeze", axis)), call
    for call in calls(expression, *RESHAPES):
        for node in (n for argument in call.args for n in ast.walk(argument)):
            if isinstance(node, ast.Constant) and type(node.value) is int:
                yield put(expression, node, ast.copy_location(ast.Constant(-1), node)), call


def _asked(arguments: list[object], of_tensors: bool) -> tuple[int, ...] | None:
    flat = [
        n
        for a in arguments
        for n in (tuple(a.shape) if isinstance(a, torch.Tensor) and of_tensors else a if isinstance(a, tuple | list) else (a,))
    ]
    return tuple(flat) if flat and all(isinstance(n, int) for n in flat) else None


def _strangers(case: Case, asked: tuple[int, ...]) -> str:
    sizes = case.verdict.runs[0].trial.sizes
    strange = [n for n in asked if n > 1 and not may_be(n, sizes)]
    due = written(tuple(case.verdict.runs[0].trial.gradients[case.name].shape))
    if strange:
        return f"{strange[0]} is no size of this graph ({', '.join(f'{k} = {v}' for k, v in sizes.items())}); {case.node} is {due}."
    return f"A reshape keeps every number, neither more nor fewer; {case.node} is {due}."
