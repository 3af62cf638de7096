"""Say what it is to have written one part of an expression in the place of the right one, found by its value."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import torch

from backprop_check.derivation.trees import literal, parsed, text
from backprop_check.diagnosis.asking import asks, example
from backprop_check.diagnosis.by_edit.edits import Edit, names_used, parts, search, value_of, valued_parts
from backprop_check.diagnosis.by_value.replaced import replaced, sensible, with_a_factor, with_factor
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.meeting import function_of, operands_of
from backprop_check.diagnosis.phrases import lines, short
from backprop_check.diagnosis.scale.factors import lines_of_answer
from backprop_check.expression.chains import factors, is_product
from backprop_check.expression.rewrites import MODULES, operations, put, same_place
from backprop_check.records import Diagnosis, Line


def any_wrong_part(case: Case) -> Diagnosis | None:
    """Where nothing better is known: the part that is not what belongs there."""
    return wrong_part(case, last=True) if case.everywhere else None


def wrong_part(case: Case, last: bool = False) -> Diagnosis | None:
    """The smallest part without a gradient in it that is not what belongs there; unless it is the `last` word, one whose kind is known."""
    everything = replaced(case, case.draft) if case.draft is not None else iter(())
    found = [(e, p, r) for e, p, r in everything if not case.gradients_in(p) | case.gradients_in(r) and _is_tensor(case, r)]
    found = [(e, p, r) for e, p, r in found if p is not case.draft or isinstance(p, ast.Name)]
    told = [p for _, p, _ in sensible(case, found)]
    found = [(e, p, r) for e, p, r in found if p in told or (isinstance(p, ast.Name) and _is_taken_by_the_forward(case, p))]
    if not found:
        return None
    expression, part, replacement = min(found, key=lambda f: (len(list(ast.walk(f[1]))), len(list(ast.walk(f[2])))))
    return _told(case, expression, part, replacement, part in told, last)


def one_name(case: Case) -> Diagnosis | None:
    """A name in whose place a part of the derived gradient belongs: tried, where by undoing operations none is found (some factor is 0)."""
    found = search(case, _with_derived) if case.everywhere else None
    new = same_place(case.draft, found.tree, found.part) if found is not None and case.draft is not None else None
    return _told(case, found.tree, found.part, new, True, True) if found is not None and new is not None else None


def _with_derived(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """Each part of the derived gradient that is no gradient itself for each such name."""
    due = [part for part in valued_parts(case.derived.expression) if not case.gradients_in(part)] if case.derived is not None else []
    for name in names_used(expression):
        for part in due if not case.gradients_in(name) else ():
            yield put(expression, name, ast.copy_location(part, name)), name


def _told(case: Case, expression: ast.expr, part: ast.expr, replacement: ast.expr, shows: bool, last: bool) -> Diagnosis | None:
    kind = _kind(part, replacement)
    if kind == SLOPE and not _is_of_the_line(case, part):
        kind = OTHERWISE if _is_tensor(case, part) else None
    if kind is None or (case.draft is not None and ast.dump(replacement) in ast.dump(case.draft)):
        return None
    if kind in (OTHERWISE, SOME_OTHER) and not last:
        return None
    code, error = kind
    if getattr(value_of(case, part), "dtype", None) == torch.int64:
        code, error = "index-as-value", "says where, not how much"
    shown = f"`{text(replacement)}`" if shows else "another value"
    whole = _product_of(case, part) if code == "missing-local-derivative" and isinstance(replacement, ast.BinOp) else part
    error, note = f"`{short(whole)}` {error}", example(case)
    place, instead = _bare(part, replacement)
    if kind == FUNCTION:
        whole, error = place, f"`{short(place)}` {kind[1]}"
    function = _of_function(case, place.id, instead) if isinstance(place, ast.Name) else None
    if function is not None:
        code, error, note = function
        whole = place
    move = asks(case)
    if _is_its_mask(part, replacement):
        error = f"`{short(part)}` itself stands here in the place of where it is positive"
    if (fewer := _of_one_less(part, replacement)) is not None:
        code, (error, move), note = "wrong-scale", fewer, ""
    return case.proven(
        code,
        error=error,
        note=note,
        help=move,
        span=case.span(whole),
        evidence=f"With {shown} in the place of `{text(part)}` the expression equals autograd's gradient in every trial.",
        fix=text(expression),
    )


def _product_of(case: Case, part: ast.expr) -> ast.expr:
    """The whole product that a part is a factor of: to which of its factors another one belongs, nobody can tell."""
    whole = part
    for outer in reversed(list(parts(case.draft))) if case.draft is not None else ():
        if is_product(outer) and any(factor is whole or factor is part for _, factor in factors(outer)[1]):
            whole = outer
    return whole


ANOTHER = "wrong-operand", "stands where another value belongs"
SOME_OTHER = "wrong-operand", "stands where something else belongs"
SLOPE = "wrong-local-derivative", "is a value, where its slope, 1, belongs"
FUNCTION = "wrong-local-derivative", "is another function than the one that belongs here"
OTHERWISE = "wrong-local-derivative", "is not the derivative that belongs here"
"""`SOME_OTHER` and the last are said of a part that has little in common with what mends it: other explanations go before them."""


def _kind(part: ast.expr, replacement: ast.expr) -> tuple[str, str] | None:
    """What mistake it is to have written `part` for `replacement`; None where something beside it is wrong instead."""
    part, replacement = _bare(part, replacement)
    if isinstance(replacement, ast.BinOp):
        within = ast.dump(part) in ast.dump(replacement)
        if within and literal(replacement.left) is not None and ast.dump(replacement.right) == ast.dump(part):
            return None  # a constant is off, and that has mistakes of its own
        if within and isinstance(replacement.op, ast.Mult) and not isinstance(part, ast.Constant):
            return "missing-local-derivative", "is not the whole derivative: a factor is missing"
        if (within and isinstance(replacement.op, ast.Add | ast.Sub)) or (
            isinstance(part, ast.Name) and isinstance(replacement.left, ast.Constant)
        ):
            return None
    if isinstance(part, ast.Subscript) and isinstance(replacement, ast.Subscript) and ast.dump(part.value) == ast.dump(replacement.value):
        return "wrong-slice", "is another part than the one the forward used"
    if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr == "ones_like":
        return "missing-local-derivative", "takes the derivative for 1"
    if isinstance(part, ast.Call) and isinstance(replacement, ast.Call) and _of_the_same(part, replacement):
        return FUNCTION
    names = {n.id for n in ast.walk(replacement) if isinstance(n, ast.Name)} - {*MODULES}
    if isinstance(replacement, ast.Call) and isinstance(replacement.func, ast.Attribute) and replacement.func.attr == "ones_like":
        return SLOPE
    if isinstance(part, ast.Name) and names != {part.id}:
        return ANOTHER if isinstance(replacement, ast.Name | ast.Attribute | ast.Subscript | ast.Call) else SOME_OTHER
    if (
        isinstance(part, ast.Name)
        and isinstance(replacement, ast.Call)
        and not any(word in ast.dump(replacement) for word in ("sign", "ones_like"))
    ):
        return ANOTHER
    return OTHERWISE


def _of_the_same(part: ast.Call, replacement: ast.Call) -> bool:
    """Whether two calls differ in the function alone."""
    return function_of(part) != function_of(replacement) and [*map(ast.dump, operands_of(part))] == [
        *map(ast.dump, operands_of(replacement))
    ]


def _bare(part: ast.expr, replacement: ast.expr) -> tuple[ast.expr, ast.expr]:
    """Both without what they have in common around the part in which they differ: of `c**2` and `tanh(c)**2`, `c` and `tanh(c)`."""
    while isinstance(part, ast.BinOp) and isinstance(replacement, ast.BinOp) and type(part.op) is type(replacement.op):
        if ast.dump(part.right) == ast.dump(replacement.right):
            part, replacement = part.left, replacement.left
        elif ast.dump(part.left) == ast.dump(replacement.left):
            part, replacement = part.right, replacement.right
        else:
            break
    return part, replacement


def _of_function(case: Case, name: str, call: ast.expr) -> tuple[str, str, str] | None:
    """Code, error and note where a name stands for a function of it that the forward computes on the way."""
    line = next((line for line in lines_of_answer(case) if ast.dump(call) in ast.dump(parsed(line.source.strip()))), None)
    if line is None or not isinstance(call, ast.Call):
        return None
    if name == case.node and name not in {n.id for n in ast.walk(call) if isinstance(n, ast.Name)}:
        return (
            "wrong-operand",
            f"`{name}` {ANOTHER[1]}",
            f"How far the result of {lines([line])} moves with {name} is told by `{text(call)}`.",
        )
    if name == case.node:
        error = f"the formula is right, but `{name}` is what goes into `{text(call)}`"
        return "wrong-point", error, f"In {lines([line])} it belongs to what comes out of that."
    return "wrong-operand", f"`{name}` {ANOTHER[1]}", f"{lines([line])} brings in `{text(call)}`, not `{name}`."


def _is_its_mask(part: ast.expr, replacement: ast.expr) -> bool:
    """Whether what belongs there is `x > 0`, or `x >= 0`, of the part `x`."""
    match replacement:
        case ast.Compare(left=left, ops=[ast.Gt() | ast.GtE()], comparators=[ast.Constant(value=0)]):
            return ast.dump(left) == ast.dump(part)
    return False


def _of_one_less(part: ast.expr, replacement: ast.expr) -> tuple[str, str] | None:
    """Error and help where a variance is divided by n - 1 in the place of n, or the other way round."""
    mine, due = (_divided_by(node) for node in (part, replacement))
    if mine is None or due is None or mine == due:
        return None
    return f"`{short(part)}` divides by {mine}, where {due} belongs", f"Write `{text(replacement)}`."


def _divided_by(node: ast.expr) -> str | None:
    """What a variance, or its root, divides by, as it is called."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in ("var", "std"):
        return None
    said = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
    return "n" if said.get("unbiased") == "False" or said.get("correction") == "0" else "n - 1"


def _calls(expression: ast.expr) -> list[ast.Call]:
    return [n for n in ast.walk(expression) if isinstance(n, ast.Call)]


def _is_taken_by_the_forward(case: Case, name: ast.Name) -> bool:
    """Whether a name is what the learner hands to a function that the line of the forward calls too: then only its argument is another."""
    takers = [c for c in (_calls(case.draft) if case.draft is not None else ()) if name in (*c.args, getattr(c.func, "value", None))]
    known = [(line.source, ast.dump(parsed(line.source.strip()))) for line in case.consumers]
    calls = ((f"{c.func.attr}(", ast.dump(c)) for c in takers if isinstance(c.func, ast.Attribute))
    # What the forward calls with the same argument is its value: no other argument is what is lacking.
    return any(name in source and whole not in tree for name, whole in calls for source, tree in known)


def _is_of_the_line(case: Case, part: ast.expr) -> bool:
    """Whether a part is made of what the lines that use the node compute with, and is a tensor: another value has no slope there."""
    there = {name for line in case.consumers for name in (line.name, *line.reads)}
    return _is_tensor(case, part) and bool(there & {n.id for n in names_used(part)})


def _is_tensor(case: Case, part: ast.expr) -> bool:
    value = value_of(case, part)
    return isinstance(value, torch.Tensor) and value.is_floating_point() and value.dim() > 0


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


def _lines_with(case: Case, factor: ast.expr) -> list[Line]:
    """The lines with the node that read a name which is missing of the learner's line as a factor."""
    if not isinstance(factor, ast.Name) or case.draft is None or factor.id in {n.id for n in names_used(case.draft)}:
        return []
    return [line for line in case.consumers if factor.id in line.reads]


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
    there = any(_is_tensor(case, name) and name.id not in case.available for name in names_used(case.draft)) if case.draft else False
    there = there and not (case.draft is not None and _is_lost_divisor(factor, case.draft))
    error, place, note = f"a factor of the derivative is missing beside `{text(part)}`", part, example(case)
    if there and not _is_derived_factor(case, factor):
        whole = _product_of(case, part)
        beside = [factor for divides, factor in factors(whole)[1] if factor is not part and not divides and _is_tensor(case, factor)]
        single = len(beside) == 1 and len(factors(whole)[1]) == 2
        place = beside[0] if single else whole
        said = f"`{short(place)}`" if single else f"what `{text(part)}` is multiplied with"
        brings = _lines_with(case, factor)
        error = f"{said} is not the {'whole ' if brings else ''}derivative that belongs here"
        if brings:
            error, note = f"{error}: a factor is missing", f"{lines(brings)} brings in `{text(factor)}` too, which yours does not have."
    return case.proven(
        "wrong-local-derivative" if there else "missing-local-derivative",
        error=error,
        note=note,
        help=asks(case),
        span=case.span(place),
        fix=text(expression),
    )
