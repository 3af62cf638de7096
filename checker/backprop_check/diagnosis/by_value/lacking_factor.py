"""Say which factor lacks: of a part of the expression, or of a gradient from above that is handed on without its slope."""

from __future__ import annotations

import ast

from backprop_check.derivation.trees import text
from backprop_check.diagnosis.asking import asks, example
from backprop_check.diagnosis.by_edit.edits import names_used, parts
from backprop_check.diagnosis.by_value.replaced import sensible, with_a_factor, with_factor
from backprop_check.diagnosis.by_value.wrong_part import is_tensor, product_of
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.phrases import lines, short
from backprop_check.diagnosis.scale.factors import lines_to
from backprop_check.expression.chains import factors, is_product
from backprop_check.expression.rewrites import operations
from backprop_check.records import Diagnosis, Line


def part_without_a_factor(case: Case) -> Diagnosis | None:
    """A part with a gradient in it that would be right with one factor of the forward more."""
    if case.draft is None or not case.everywhere:
        return None
    for expression, part, factor in sensible(case, with_a_factor(case, case.draft)):
        negative = isinstance(factor, ast.UnaryOp)
        if negative and _is_turned(case, part):
            continue  # the difference is turned round, and the factor is another mistake
        if case.gradients_in(part) and not (negative and _is_powered(factor.operand, case.draft)):  # type: ignore[attr-defined]
            there = {n.id for n in names_used(factor)} & {n.id for n in names_used(case.draft)}
            return case.proven(
                "wrong-local-derivative" if there else "missing-local-derivative",
                error=f"what belongs to the path of `{short(part)}` is another derivative" if there else f"`{short(part)}` lacks a factor",
                note="Each operation on its path brings one derivative, and they are multiplied.",
                help=f"Follow the path of `{short(part)}` from {case.node} upwards, and count one factor for each operation.",
                span=case.span(part),
                fix=text(expression),
            )
    return None


def _is_derived_factor(case: Case, factor: ast.expr) -> bool:
    """Whether it is a name that the derived gradient has as a factor, and the line has in what it multiplies: that slope is not whole."""
    products = (part for part in parts(case.derived.expression) if is_product(part)) if case.derived is not None else ()
    own = any(ast.dump(one) == ast.dump(factor) for product in products for divides, one in factors(product)[1] if not divides)
    return own and isinstance(factor, ast.Name) and case.draft is not None and factor.id in {n.id for n in names_used(case.draft)}


def _lines_with(case: Case, factor: ast.expr, above: str) -> list[Line]:
    """The lines with the node, on the way to where `above` arrives, that read a name which is missing of the learner's line as a factor."""
    if not isinstance(factor, ast.Name) or case.draft is None or factor.id in {n.id for n in names_used(case.draft)}:
        return []
    return [line for line in lines_to(case, frozenset({above})) if line in case.consumers and factor.id in line.reads]


def _is_turned(case: Case, part: ast.expr) -> bool:
    """Whether a part is worth a difference of the derived gradient, turned round."""
    mine = case.evaluate(part)
    minus = operations(case.derived.expression, ast.Sub) if case.derived is not None and mine is not None else ()
    return any(case.same(case.evaluate(difference), [-value for value in mine or ()]) for difference in minus)


def _is_lost_divisor(factor: ast.expr, draft: ast.expr) -> bool:
    """Whether it is `1 / x` of an x that the line does not have."""
    divides = isinstance(factor, ast.BinOp) and isinstance(factor.op, ast.Div) and isinstance(factor.right, ast.Name)
    return divides and {n.id for n in names_used(factor)}.isdisjoint(n.id for n in names_used(draft))


def _is_powered(base: ast.expr, draft: ast.expr) -> bool:
    """Whether the line raises it to a power already."""
    return any(ast.dump(power.left) == ast.dump(base) for power in operations(draft, ast.Pow))


def gradient_without_its_slope(case: Case) -> Diagnosis | None:
    """A gradient from above stands there without the derivative it has to be multiplied with."""
    found = next(sensible(case, with_factor(case, case.draft)), None) if case.draft is not None else None
    if found is None:
        return None
    expression, part, factor = found
    if case.draft is not None and isinstance(factor, ast.UnaryOp) and _is_powered(factor.operand, case.draft):
        return None  # `r**2 * -r`: a power is off, and a sign
    # Beside a derivative that is there already, another factor does not complete it, but a divisor of the forward that is nowhere in it.
    there = any(is_tensor(case, name) and name.id not in case.available for name in names_used(case.draft)) if case.draft else False
    there = there and not (case.draft is not None and _is_lost_divisor(factor, case.draft))
    error, place, note = f"a factor of the derivative is missing beside `{text(part)}`", part, example(case)
    if there and not _is_derived_factor(case, factor):
        whole = product_of(case, part)
        beside = [factor for divides, factor in factors(whole)[1] if factor is not part and not divides and is_tensor(case, factor)]
        single = len(beside) == 1 and len(factors(whole)[1]) == 2
        place = beside[0] if single else whole
        said = f"`{short(place)}`" if single else f"what `{text(part)}` is multiplied with"
        brings = _lines_with(case, factor, text(part))
        error = f"{said} is not the {'whole ' if brings else ''}derivative that belongs here"
        if brings:
            bring = "bring" if len(brings) > 1 else "brings"
            error, note = f"{error}: a factor is missing", f"{lines(brings)} {bring} in `{text(factor)}` too, which yours does not have."
            if text(factor) == case.node:
                note = f"In {lines(brings)} the slope by {case.node} depends on `{case.node}` itself, which yours does not have."
    return case.proven(
        "wrong-local-derivative" if there else "missing-local-derivative",
        error=error,
        note=note,
        help=asks(case),
        span=case.span(place),
        fix=text(expression),
    )
