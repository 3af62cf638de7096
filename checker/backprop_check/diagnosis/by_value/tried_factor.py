"""One factor of the forward tried: a quotient turned round, a divisor in the place of a factor that stands there, a factor where none does.

By undoing operations neither is found where a factor is 0 in some place: there every value would do.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backprop_check.derivation.trees import dumped, parsed
from backprop_check.diagnosis.asking import asks, example
from backprop_check.diagnosis.by_edit.edits import Edit, Mended, is_tensor, names_used, parts, replacements, search, value_of
from backprop_check.diagnosis.by_edit.sense import senseless
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.phrases import short
from backprop_check.diagnosis.scale.factors import lines_of_answer
from backprop_check.expression.chains import factors, is_product, product, terms
from backprop_check.expression.rewrites import calls, put
from backprop_check.records import Diagnosis

NEAR = 8
EXPONENTIALS = ("softmax", "log_softmax", "logsumexp", "exp", "cross_entropy")


def tried_factor(case: Case) -> Diagnosis | None:
    """Proven by trying: with the other factor, or with one more, the expression is right."""
    if not case.everywhere or case.draft is None:
        return None
    if not case.same_shape:
        return _with_its_axes(case)
    if (found := search(case, _turned)) is not None and not senseless(case, found.tree):
        return _turned_told(case, found)
    if (found := search(case, _instead)) is not None and not senseless(case, found.tree):
        return _instead_told(case, found)
    if (found := search(case, _one_more)) is not None and not senseless(case, found.tree):
        return _told(case, found, "missing-local-derivative", "a factor of the derivative is missing here")
    return None


def _with_its_axes(case: Case) -> Diagnosis | None:
    """An answer that has too few axes, or axes of length 1, for the factor that lacks would bring them."""
    found = search(case, _one_more)
    if found is None or senseless(case, found.tree):
        return None
    error = f"{case.got}, but {case.node} is {case.due}: a factor of the derivative is missing"
    return _told(case, found, "missing-local-derivative", error)


def _turned(_: Case, expression: ast.expr) -> Iterator[Edit]:
    """Each quotient the other way round."""
    for part in parts(expression):
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Div):
            yield put(expression, part, ast.copy_location(ast.BinOp(part.right, ast.Div(), part.left), part)), part


def _turned_told(case: Case, found: Mended) -> Diagnosis:
    assert isinstance(found.part, ast.BinOp)
    above, below = short(found.part.left), short(found.part.right)
    error = f"`{short(found.part)}` is the wrong way round: `{below}` is what is divided, by `{above}`"
    return _told(case, found, "wrong-local-derivative", error)


def _instead(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """A tensor of the forward on the other side of the fraction for each factor that no gradient comes into."""
    for whole in (part for part in parts(expression) if is_product(part)):
        negative, found = factors(whole)
        for k, (divides, factor) in enumerate(found):
            if is_tensor(case, factor) and not case.gradients_in(factor):
                for name in _near(case) if len(found) > 1 else ():
                    if dumped(name) != dumped(factor):
                        rest = found[:k] + found[k + 1 :]
                        new = product(negative, [*rest, (not divides, name)])
                        yield put(expression, whole, ast.copy_location(new, whole)), factor


def _one_more(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """Each term, and the whole, divided by a tensor of the forward or multiplied with it."""
    summed = () if case.same_shape else (call.func.value for call in calls(expression, "sum") if isinstance(call.func, ast.Attribute))
    for part in dict.fromkeys((expression, *(term for _, term in terms(expression) if term in parts(expression)), *summed)):
        own = value_of(case, part)
        if not case.gradients_in(part) or not is_tensor(case, part):
            continue
        for name in _near(case):
            if not case.same_shape or value_of(case, name).dim() <= own.dim():  # type: ignore[attr-defined]
                for op in (ast.Div(), ast.Mult()):
                    yield put(expression, part, ast.copy_location(ast.BinOp(part, op, name), part)), part


def _near(case: Case) -> list[ast.Name]:
    """The tensors of the lines on the way to what the answer reads."""
    there = {name for line in lines_of_answer(case) for name in (line.name, *line.reads)}
    names = [ast.Name(name, ast.Load()) for name in replacements(case) if name in there and name not in case.available]
    return [name for name in names if is_tensor(case, name)][:NEAR]


def _instead_told(case: Case, found: Mended) -> Diagnosis:
    part = found.part
    if (whole := _as_of_softmax(case, part)) is not None:
        error = f"`{short(part)}` times `{short(whole)}` is the formula of a softmax, and the forward has none here"
        return _told(case, found, "wrong-local-derivative", error)
    divides = any(is_product(p) and (True, part) in factors(p)[1] for p in parts(case.draft or part))
    does, due = ("divides by", "multiplies with") if divides else ("multiplies with", "divides by")
    return _told(case, found, "wrong-local-derivative", f"this {does} `{short(part)}`, where the derivative {due} another tensor")


def _as_of_softmax(case: Case, factor: ast.expr) -> ast.expr | None:
    """The difference `g - (p * g).sum(k, keepdim=True)` that the factor p is multiplied with, where no exponential is on the way."""
    if any(word in line.source for line in lines_of_answer(case) for word in EXPONENTIALS):
        return None
    for whole in (part for part in parts(case.draft) if is_product(part)) if case.draft is not None else ():
        found = [one for divides, one in factors(whole)[1] if not divides]
        for other in found if factor in found else ():
            match other:
                case ast.BinOp(left=above, op=ast.Sub(), right=ast.Call(func=ast.Attribute(value=ast.BinOp() as weighed, attr="sum"))):
                    both = {dumped(one) for _, one in factors(weighed)[1]}
                    if both == {dumped(factor), dumped(above)}:
                        return other
    return None


def _told(case: Case, found: Mended, code: str, error: str) -> Diagnosis:
    return case.proven(code, by=found, error=error, note=_brought(case, found) or example(case), help=asks(case))


def _brought(case: Case, found: Mended) -> str:
    """Which line of the forward divides the node by the tensor that is put in, or multiplies it with that."""
    new = _factors_in(found.tree) - _factors_in(case.draft or found.part)
    for line in lines_of_answer(case):
        for part in (p for p in parts(parsed(line.source.strip())) if is_product(p)):
            made = factors(part)[1]
            moves = any(not divides and case.node in {n.id for n in names_used(one)} for divides, one in made)
            for divides, one in made if moves else ():
                if (divides, dumped(one)) in new:
                    does = "divides by" if divides else "multiplies with"
                    return f"`{line.name} = {line.source}` {does} `{short(one)}`, and the derivative does too."
    return ""


def _factors_in(expression: ast.expr) -> set[tuple[bool, str]]:
    products = (factors(part)[1] for part in parts(expression) if is_product(part))
    return {(divides, dumped(one)) for found in products for divides, one in found}
