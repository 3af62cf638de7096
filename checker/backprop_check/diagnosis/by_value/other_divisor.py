"""A divisor in the place of the forward's, and one number in the place of a slope: one mistake each, and told as that."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import torch

from backprop_check.derivation.trees import dumped, parsed, text
from backprop_check.diagnosis.asking import asks, example
from backprop_check.diagnosis.by_edit.edits import Edit, is_tensor, search, value_of, valued_parts
from backprop_check.diagnosis.by_value.replaced import replaced, sensible
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.phrases import short
from backprop_check.diagnosis.scale.constants import named_constants
from backprop_check.diagnosis.scale.factors import divided_by, lines_of_answer
from backprop_check.diagnosis.scale.scaled import is_constant
from backprop_check.expression.reductions import added_up
from backprop_check.expression.rewrites import calls, method, operations, put, same_place, with_keyword
from backprop_check.records import Diagnosis, Line


def other_divisor(case: Case) -> Diagnosis | None:
    """Proven by putting the forward's divisor there, or the slope that the number stands for: the expression is then right."""
    if not case.everywhere or not case.same_shape or case.draft is None:
        return None
    found = search(case, edits)
    if found is None:
        return _number_for_a_slope(case)
    due = same_place(case.draft, found.tree, found.part) or found.part
    line, divisor = next(pair for pair in _divisors(case) if any(dumped(laid) == dumped(due) for laid in _layouts(case, pair[1])))
    constant = is_constant(case, found.part) and not is_tensor(case, divisor)
    return case.proven(
        "wrong-scale" if constant else "wrong-operand",
        by=found,
        error=f"this divides by `{short(found.part)}`, where the forward divides by `{short(divisor)}`",
        note=f"`{line.name} = {line.source}` divides by `{text(divisor)}`, and the derivative does too.",
        help="Divide by what the forward divides by.",
        question="Of a factor",
        evidence=f"With `{text(due)}` in the place of `{text(found.part)}` the expression equals autograd's gradient in every trial.",
    )


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """Each divisor of the forward that moves, or is a tensor, for each of the line's that no gradient comes into."""
    divisors = [divisor for _, divisor in _divisors(case)]
    for part in operations(expression, ast.Div):
        if not case.gradients_in(part.right) and dumped(part.right) not in map(dumped, divisors):
            for divisor in divisors:
                yield from (
                    (put(expression, part.right, ast.copy_location(laid, part.right)), part.right) for laid in _layouts(case, divisor)
                )


def _divisors(case: Case) -> Iterator[tuple[Line, ast.expr]]:
    for line in lines_of_answer(case):
        for part in operations(parsed(line.source.strip()), ast.Div):
            if isinstance(value_of(case, part.right), torch.Tensor) and not is_constant(case, part.right):
                yield line, part.right


def _layouts(case: Case, divisor: ast.expr) -> Iterator[ast.expr]:
    """As it stands in the forward, and with one axis more."""
    yield divisor
    if next(calls(divisor, "sum", "mean", "amax", "amin", "norm"), None) is divisor:
        yield with_keyword(divisor, divisor, "keepdim", True)
    value = value_of(case, divisor)
    if isinstance(value, torch.Tensor) and 0 < value.dim() < case.oracles[0].dim():
        yield from (method(divisor, "unsqueeze", axis) for axis in range(value.dim(), -1, -1))


def mean_by_n(case: Case) -> Diagnosis | None:
    """A mean in what comes back through a deviation or a variance that divides by n - 1: proven by the sum over n - 1 in its place."""
    spread = [call for line in lines_of_answer(case) for call in calls(parsed(line.source.strip()), "std", "var")]
    by_less = next((call for call in spread if divided_by(call) == "n - 1"), None)
    found = search(case, _by_one_less) if by_less is not None else None
    if found is None or by_less is None:
        return None
    assert isinstance(found.part, ast.Call) and isinstance(found.part.func, ast.Attribute)
    return case.proven(
        "wrong-scale",
        by=found,
        error=f"`mean` divides by n here, where `{short(by_less)}` divides by n - 1",
        note=f"n is how many numbers there are. The derivative divides by what `{short(by_less)}` divides by.",
        help="Add up with `sum`, and divide by one less than how many there are.",
        question="Of a factor",
        span=case.span(found.part, after=found.part.func.value),
    )


def _by_one_less(case: Case, expression: ast.expr) -> Iterator[Edit]:
    for call in calls(expression, "mean"):
        total = added_up(call)
        whole, mean = value_of(case, total), value_of(case, call)
        if not isinstance(whole, torch.Tensor) or not isinstance(mean, torch.Tensor):
            continue
        for constant in named_constants(case):
            n = constant.values[case.runs[0].trial.seed] + 1
            if not constant.divides and torch.allclose(whole, mean * n):
                yield put(expression, call, ast.copy_location(ast.BinOp(total, ast.Div(), constant.node), call)), call


def _number_for_a_slope(case: Case) -> Diagnosis | None:
    """One number where a slope of the derived gradient belongs that is not the same everywhere: `0.2` of a leaky relu."""
    if case.draft is None or case.derived is None:
        return None
    slopes = [part for part in valued_parts(case.derived.expression) if is_tensor(case, part) and not case.gradients_in(part)]
    for tree, part, new in sensible(case, replaced(case, case.draft)):
        due = case.evaluate(new)
        if part is not case.draft and is_constant(case, part) and due and any(case.same(case.evaluate(slope), due) for slope in slopes):
            return case.proven(
                "wrong-local-derivative",
                error=f"`{short(part)}` is not the derivative that belongs here",
                note=example(case),
                help=asks(case),
                span=case.span(part),
                evidence=f"With `{text(new)}` in the place of `{text(part)}` the expression equals autograd's gradient in every trial.",
                fix=text(tree),
            )
    return None
