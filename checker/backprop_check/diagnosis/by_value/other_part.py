"""A computed part of the line stands for a tensor of the forward: tried, so that it is found within sums and products as well."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

import torch

from backprop_check.derivation.trees import parsed, text
from backprop_check.diagnosis.asking import asks, example
from backprop_check.diagnosis.by_edit.edits import Edit, is_tensor, parts, replacements, search, value_of
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.mistakes.wrong_operand import other_operand
from backprop_check.diagnosis.phrases import short
from backprop_check.diagnosis.scale.scaled import is_constant
from backprop_check.expression.chains import factors, is_product, terms
from backprop_check.expression.rewrites import put, same_place, turned
from backprop_check.records import Diagnosis, Line


def other_part(case: Case) -> Diagnosis | None:
    """Proven by putting the tensor there: the expression is then right."""
    found = search(case, edits) if case.everywhere else None
    if found is None or case.draft is None:
        return None
    new = same_place(case.draft, found.tree, found.part)
    if new is None:
        return None
    name = text(new)
    return case.proven(
        "wrong-operand",
        by=found,
        error=f"`{short(found.part)}` stands where another tensor belongs",
        note=other_operand(case, name) or example(case),
        help=asks(case),
        evidence=f"With `{name}` in the place of `{text(found.part)}` the expression equals autograd's gradient in every trial.",
    )


def one_term(case: Case) -> Diagnosis | None:
    """Proven by putting one term of a line of the forward in the place of the line's name."""
    made = {line.name: line for line in case.graph.exercise.lines}
    found = search(case, lambda _, expression: _terms_of_names(made, expression)) if case.everywhere else None
    new = same_place(case.draft, found.tree, found.part) if found is not None and case.draft is not None else None
    if found is None or new is None:
        return None
    line = made[text(found.part)]
    return case.proven(
        "wrong-operand",
        by=found,
        error=f"`{line.name}` holds more than belongs here",
        note=f"`{line.name} = {line.source}`: of that only `{text(new)}` belongs in its place.",
        help=asks(case),
        evidence=f"With `{text(new)}` in the place of `{line.name}` the expression equals autograd's gradient in every trial.",
    )


def _terms_of_names(made: Mapping[str, Line], expression: ast.expr) -> Iterator[Edit]:
    for part in parts(expression):
        if isinstance(part, ast.Name) and part.id in made:
            several = terms(parsed(made[part.id].source.strip()))
            for negative, term in several if len(several) > 1 else ():
                yield put(expression, part, ast.copy_location(ast.UnaryOp(ast.USub(), term) if negative else term, part)), part


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """Each tensor of the forward, as it is or turned, for each part that no gradient comes into; of a name only the turned ones are new.

    A sign or a constant in front of a part is another mistake than the part.
    """
    others = [name for name in replacements(case) if name not in case.available and isinstance(value_of(case, _name(name)), torch.Tensor)]
    for part in parts(expression):
        if part is expression or case.gradients_in(part) or not is_tensor(case, part) or _is_scaled(case, part):
            continue
        for name in others:
            new = ast.copy_location(_name(name), part)
            if not isinstance(part, ast.Name):
                yield put(expression, part, new), part
            if is_tensor(case, new) and value_of(case, new).dim() == 2 and text(part) != f"{name}.T":  # type: ignore[attr-defined]
                yield put(expression, part, ast.copy_location(turned(new), part)), part


def _is_scaled(case: Case, part: ast.expr) -> bool:
    negative, found = factors(part) if is_product(part) else (isinstance(part, ast.UnaryOp), [])
    return negative or any(is_constant(case, factor) for _, factor in found)


def _name(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())
