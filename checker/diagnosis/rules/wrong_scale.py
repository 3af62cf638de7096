"""wrong-scale: the right gradient, or one part of it, times a constant that does not belong there.

Family: Scale and normalisation
Forward: y = x**2
Shapes: x (N, C)
Wrong: dx = x * dy
Right: dx = 2 * x * dy

Why:
Constants come from the forward: the 2 of a square, the 1/n of a mean, the 1/(n-1) of a variance, a scaling by a fixed
number. Each appears exactly once along the path. If the loss is a mean, its 1/n is already inside the gradient that
arrives: dividing again makes the gradient too small.

Read more: Karpathy, "Becoming a Backprop Ninja", on where n and n-1 come from.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import torch

from checker.diagnosis.case import Case
from checker.diagnosis.constants import Named, named_constants
from checker.diagnosis.edits import Edit, parts, search, tensors, value_of
from checker.diagnosis.rewrites import put
from checker.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by a named constant: the whole answer, or one part of it, times that constant is right."""
    if not case.everywhere:
        return None
    for constant in named_constants(case):
        if case.is_oracle([a * constant.values[run.seed] for a, run in zip(case.answers, (r.trial for r in case.runs), strict=True)]):
            return _whole(case, constant)
    found = search(case, _edits(case, case.draft)) if case.draft is not None else None
    if found is None:
        return None
    return Diagnosis(
        code="wrong-scale",
        certainty="proven",
        error=f"`{ast.unparse(found[2])}` is off by a constant factor",
        note="The rest of the expression is right.",
        help="Ask which constants the forward brings into this part, and count each once.",
        span=case.span(found[2]),
        evidence=f"`{found[0]}` equals autograd's gradient in every trial.",
        fix=found[0],
    )


def _whole(case: Case, constant: Named) -> Diagnosis:
    mean = next((p for p in parts(case.draft) if _is_mean(p)), None) if case.draft is not None else None
    factor = None if case.draft is None else _times(case.draft, constant)
    candidates = [put(case.draft, mean, _as_sum(mean)) if mean is not None and case.draft is not None else None, factor]
    return Diagnosis(
        code="wrong-scale",
        certainty="proven",
        error=f"every number of {case.name} has to be multiplied by {constant.text}",
        note=f"Shape and signs are right; the whole is off by the constant factor {constant.text}.",
        help="Look where the forward multiplies or divides by it, and count it once.",
        span=case.span(mean) if mean is not None else case.span(),
        evidence=f"The answer times {constant.text} equals autograd's gradient in every trial.",
        fix=case.fix(*_constant_edits(case, case.draft), *candidates) if case.draft is not None else None,
    )


def _edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    for candidate, part in _with_constants(case, expression):
        yield candidate, part
    constants = named_constants(case)
    for part in tensors(case, expression):
        for constant in constants:
            yield put(expression, part, ast.copy_location(_times(part, constant), part)), part


def _constant_edits(case: Case, expression: ast.expr) -> Iterator[ast.expr]:
    for candidate, _ in _with_constants(case, expression):
        yield candidate


def _with_constants(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """The expression with one plain number changed, or with a factor or divisor that is one taken away or moved across the fraction."""
    exponents = {id(n) for p in parts(expression) if isinstance(p, ast.BinOp) and isinstance(p.op, ast.Pow) for n in ast.walk(p.right)}
    exponents |= {id(n) for p in parts(expression) if isinstance(p, ast.Compare) for n in ast.walk(p)}  # no factor either
    for part in parts(expression):
        value = part.value if isinstance(part, ast.Constant) else None
        if isinstance(value, int | float) and not isinstance(value, bool) and id(part) not in exponents:
            for number in (value * 2, value / 2, 1, 2, 0.5):
                if number != value:
                    whole = int(number) if number == int(number) else number
                    yield put(expression, part, ast.copy_location(ast.Constant(whole), part)), part
        elif isinstance(value_of(case, part), int | float) and id(part) not in exponents:
            for constant in named_constants(case):
                if not constant.divides:
                    yield put(expression, part, ast.copy_location(constant.node, part)), part
        elif isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult | ast.Div):
            other = ast.Div() if isinstance(part.op, ast.Mult) else ast.Mult()
            if not isinstance(value_of(case, part.right), torch.Tensor):
                yield put(expression, part, part.left), part.right
                yield put(expression, part, ast.copy_location(ast.BinOp(part.left, other, part.right), part)), part.right
            elif isinstance(part.op, ast.Mult) and not isinstance(value_of(case, part.left), torch.Tensor):
                yield put(expression, part, part.right), part.left
                yield put(expression, part, ast.copy_location(ast.BinOp(part.right, other, part.left), part)), part.left


def _times(part: ast.expr, constant: Named) -> ast.expr:
    if constant.divides:
        return ast.BinOp(part, ast.Div(), constant.node)
    return ast.BinOp(constant.node, ast.Mult(), part)


def _is_mean(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "mean"


def _as_sum(call: ast.expr) -> ast.expr:
    assert isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
    return ast.Call(ast.Attribute(call.func.value, "sum", ast.Load()), call.args, call.keywords)
