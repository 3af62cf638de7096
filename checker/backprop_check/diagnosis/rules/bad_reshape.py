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
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import torch

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.edits import Edit
from backprop_check.diagnosis.evaluate import Evaluator, Failed, Refused
from backprop_check.diagnosis.failure import failing_part
from backprop_check.diagnosis.moved import RESHAPES
from backprop_check.diagnosis.rewrites import calls, put
from backprop_check.exercise.sizes import may_be, written
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by counting: the tensor has another number of elements than the shape asked for."""
    part = failing_part(case)
    if (
        not isinstance(part, ast.Call)
        or not isinstance(part.func, ast.Attribute)
        or part.func.attr not in (*RESHAPES, "expand", "expand_as")
    ):
        return None
    run = case.verdict.runs[0]
    evaluator = Evaluator(case.names(run), case.work)
    try:
        base, arguments = evaluator(part.func.value), [evaluator(a) for a in part.args]
    except (Refused, Failed, RecursionError):
        return None
    asked = _asked(arguments)
    if not isinstance(base, torch.Tensor) or asked is None:
        return None
    if part.func.attr == "view" and _fills(base, asked):
        return _scattered(case, part, part.func.value)
    inner = ast.unparse(part.func.value)
    inner = f"`{inner}`" if len(inner) <= 30 else "what stands before it"
    verb = "be expanded to" if part.func.attr.startswith("expand") else "fill"
    return Diagnosis(
        code="bad-reshape",
        certainty="proven",
        error=f"{inner} has shape {written(tuple(base.shape))}: its {base.numel()} numbers cannot {verb} {written(asked)}",
        note=_strangers(case, asked),
        help="Keep the axis instead of naming its length: `keepdim=True`, `[:, None]`, or -1 for the length torch can work out.",
        span=case.span(part, after=part.func.value),
        evidence=f"{base.numel()} numbers; the shape {written(asked)} is refused by torch: {case.verdict.answer.raised.message}"
        if case.verdict.answer.raised
        else "",
    )


def _fills(base: torch.Tensor, asked: tuple[int, ...]) -> bool:
    try:
        base.reshape(asked)
    except RuntimeError:
        return False
    return True


def _scattered(case: Case, part: ast.Call, base: ast.expr) -> Diagnosis:
    """The numbers would fill the shape, but `view` copies none, and they do not lie in memory in the order that it needs."""
    return Diagnosis(
        code="bad-reshape",
        certainty="proven",
        error="`view` copies no numbers, and these do not lie in memory in the order that it needs",
        note="A transpose or an expand moves no number in memory: it only reads them in another order. The shape itself is possible.",
        help="Write `reshape`, which copies where it must.",
        span=case.span(part, after=base),
        evidence="`reshape` to the same shape works where `view` raised.",
    )


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """A length in a reshape left to torch; `reshape` for `view`."""
    for call in calls(expression, "view"):
        assert isinstance(call.func, ast.Attribute)
        yield put(expression, call.func, ast.copy_location(ast.Attribute(call.func.value, "reshape", ast.Load()), call.func)), call
    for call in calls(expression, *RESHAPES):
        for node in (n for argument in call.args for n in ast.walk(argument)):
            if isinstance(node, ast.Constant) and type(node.value) is int:
                yield put(expression, node, ast.copy_location(ast.Constant(-1), node)), call


def _asked(arguments: list[object]) -> tuple[int, ...] | None:
    flat = [n for a in arguments for n in (tuple(a.shape) if isinstance(a, torch.Tensor) else a if isinstance(a, tuple | list) else (a,))]
    return tuple(flat) if flat and all(isinstance(n, int) for n in flat) else None


def _strangers(case: Case, asked: tuple[int, ...]) -> str:
    sizes = case.verdict.runs[0].trial.sizes
    strange = [n for n in asked if n > 1 and not may_be(n, sizes)]
    due = written(tuple(case.verdict.runs[0].trial.gradients[case.name].shape))
    if strange:
        return f"{strange[0]} is no size of this graph ({', '.join(f'{k} = {v}' for k, v in sizes.items())}); {case.node} is {due}."
    return f"A reshape keeps every number, neither more nor fewer; {case.node} is {due}."
