"""What to say of a constant factor: too many, another one than the forward's, on the wrong side of a fraction, or missing."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from backprop_check.derivation.elementwise import SLOPES
from backprop_check.derivation.trees import literal, parsed, text
from backprop_check.diagnosis.by_edit.edits import names_used, parts, value_of
from backprop_check.diagnosis.by_replay.replay import cut
from backprop_check.diagnosis.by_value.quotient import step
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.meeting import around
from backprop_check.diagnosis.phrases import short
from backprop_check.diagnosis.scale.constants import Named
from backprop_check.diagnosis.scale.factors import (
    POOLS,
    Brought,
    Numbers,
    between,
    beyond,
    brought,
    lines_of_answer,
    lines_to,
    matching,
    minus_brought,
    none_here,
    of_another,
    pooled,
    same_factor,
    unscreened,
)
from backprop_check.expression.chains import factors, is_product, terms
from backprop_check.expression.rewrites import calls, operations, put, same_place
from backprop_check.records import Line

ONCE = "Each constant of the forward comes into its gradient once, and no other does."


MANY = 2
"""Of more lines than these their names are not written out."""


@dataclass(frozen=True)
class Words:
    """An error with why and what to do."""

    error: str
    note: str
    help: str


def is_constant(case: Case, part: ast.expr) -> bool:
    """Whether a part is one number that no gradient comes back to."""
    value = value_of(case, part)
    if isinstance(value, torch.Tensor) and value.dim():
        return False
    known = case.verdict.runs[0].trial.gradients
    return isinstance(value, torch.Tensor | int | float) and not any(n.id in known or "d" + n.id in known for n in names_used(part))


def is_uniform(case: Case, part: ast.expr) -> bool:
    """Whether a part is made of written numbers and of ones alone, and is the same number everywhere in every trial."""
    if names_used(part):
        return False
    values = [torch.as_tensor(value_of(case, part, trial)) for trial in range(len(case.runs)) if value_of(case, part, trial) is not None]
    return len({n for value in values for n in value.flatten().tolist()}) == 1


def scale_words(case: Case, right: ast.expr, part: ast.expr) -> Words:
    """Of the learner's line and the right one, which differ in a constant at `part`."""
    assert case.draft is not None
    whole = next((p for p in parts(case.draft) if isinstance(p, ast.BinOp) and part in (p.left, p.right)), None)
    if whole is not None and ast.dump(right) == ast.dump(put(case.draft, whole, whole.left if part is whole.right else whole.right)):
        return _too_many(case, whole, part)
    if not is_constant(case, part):
        return _missing(case, part, same_place(case.draft, right, part) or part)
    due = same_place(case.draft, right, part)
    if whole is not None and (due is None or not is_constant(case, due)):
        due = _constant_in(case, same_place(case.draft, right, whole) or whole)
    source = _source(case, due) if due is not None else None
    why = source.why if source else once(case)
    if due is not None and ast.dump(due) == ast.dump(part):
        ask = f"Ask whether {between(case)} multiplies by it or divides by it, and do the same."
        if source is not None and source.by and isinstance(whole, ast.BinOp) and literal(part) is not None:
            does, other = ("divides by", "it") if source.by == short(part) else ("multiplies with", f"`{source.by}`")
            return Words(f"this {does} `{short(part)}`, where the forward multiplies with {other}", why, source.ask)
        if isinstance(whole, ast.BinOp) and isinstance(whole.op, ast.Mult):
            return Words(f"this multiplies with `{short(part)}`, where the derivative divides by it", why, source.ask if source else ask)
        return Words(f"`{short(part)}` stands on the wrong side of the fraction", why, source.ask if source else ask)
    if due is not None and (words := _one_of_two(case, part, due)) is not None:
        return words
    said = f"/ {_one(part)}" if whole is not None and part is whole.right and isinstance(whole.op, ast.Div) else short(part)
    if source is None and due is not None and (slope := _slope_with(case, due)) is not None:
        return Words(f"`{said}` is not the constant that belongs here", *slope)
    if source is None and due is not None and (words := _counted_before(case, said, part, due)) is not None:
        return words
    return Words(f"`{said}` is not the constant that belongs here", why, source.ask if source else look(case))


def _counted_before(case: Case, said: str, part: ast.expr, due: ast.expr) -> Words | None:
    """Of a number that is all that is wrong: the gradient from above holds it already, or the forward has none; a sign may be due."""
    mine, wanted = _numbers(case, part), _numbers(case, due)
    if literal(part) is None or not mine or not wanted or not all(wanted) or is_below(case, part):
        return None
    already = _already(case, [m / w for m, w in zip(mine, wanted, strict=True)])
    alone = all(abs(w) == 1 for w in wanted)
    if already is None and not (alone and none_here(case)):
        return None
    keep = (" Keep the minus." if wanted[0] < 0 else "") if alone else f" Then `{short(due)}` stays."
    ask = "Count it once: leave it out here." if already else "The forward has none here: leave the number out."
    return Words(f"`{said}` is not the constant that belongs here", already or once(case), ask + keep)


def words_of_whole(case: Case, constant: Named) -> Words:
    """Of an answer that is off by a constant as a whole, where no part of its line is known for it."""
    factor = [constant.values[run.trial.seed] for run in case.runs]
    here = lines_of_answer(case)
    source = _up_to_sign(case, here, factor)
    single = all(a.numel() == 1 for a in case.answers)
    if source is not None:
        minus = minus_brought(case) if constant.text.startswith("-") and "exponent" not in source.why else None
        error = f"the factor {_told(constant)} is missing"
        error += f" in all of {case.name}" if case.draft is None and len(case.written) > 1 else ""
        return Words(error, f"{source.why} {minus or ''}".strip(), source.ask)
    error = f"{case.name if single else f'every number of {case.name}'} has to be multiplied by {_told(constant)}"
    if case.beside:
        error = f"a constant is not counted as it should be: the factor {_told(constant)} is missing"
    already = _already(case, [1 / f for f in factor])
    if already is not None:
        return Words(error, already, "Count it once: leave it out here.")
    for call in calls(case.draft, *POOLS) if case.draft is not None else ():
        if (n := pooled(call)) is not None and same_factor(factor, [float(n)] * len(factor)):
            return Words(
                error, f"`{short(call)}` takes the mean of {n} numbers at a time, where their sum is due.", f"Multiply it with {n}."
            )
    if case.draft is not None and step(case.draft) is not None:
        return Words(error, "A difference quotient divides by how far its two points are apart.", "Look how far that is in yours.")
    if none_here(case):
        return Words(error, once(case), "Look in your lines for what multiplies or divides as one number for all, and leave it out.")
    return Words(error, once(case), look(case))


def _told(constant: Named) -> str:
    return f"`{constant.text}`" if constant.text.isidentifier() else constant.text


def _too_many(case: Case, whole: ast.BinOp, lost: ast.expr) -> Words:
    divides = isinstance(whole.op, ast.Div) and lost is whole.right
    said = f"`/ {_one(lost)}`" if divides else f"the factor `{short(lost)}`"
    numbers = _numbers(case, lost)
    mine = [1 / n for n in numbers] if numbers and is_below(case, lost) and all(numbers) else numbers
    here = lines_to(case, _read_beside(case, lost))
    if mine and all(mine) and (words := _others_lacking(case, mine, [1 / m for m in mine], here)) is not None:
        return words
    note = (_already(case, mine) if mine else None) or of_another(case, here, lost) or once(case)
    return Words(f"{said} does not belong here", note, "Leave it out.")


def is_below(case: Case, part: ast.expr) -> bool:
    """Whether the line divides by a part, in the largest product of which it is a factor."""
    products = (factors(p)[1] for p in parts(case.draft) if is_product(p)) if case.draft is not None else ()
    return next((divides for found in products for divides, factor in found if factor is part), False)


def _read_beside(case: Case, part: ast.expr) -> frozenset[str]:
    """The gradients in the term of the answer's sum that a part stands in; all that it reads, where that has none."""
    whole = next((t for _, t in terms(case.draft) if part in parts(t)), None) if case.draft is not None else None
    return (case.gradients_in(whole) if whole is not None else frozenset()) or case.reads


def _one_of_two(case: Case, part: ast.expr, due: ast.expr) -> Words | None:
    """Where a constant stands for the product of two that the forward brings in: the other one is missing."""
    mine, wanted, here = _numbers(case, part), _numbers(case, due), lines_of_answer(case)
    if not mine or not wanted or not all((*mine, *wanted)) or is_below(case, part):
        return None
    lacks = [w / m for w, m in zip(wanted, mine, strict=True)]
    return _others_lacking(case, mine, lacks, here) if _up_to_sign(case, here, lacks) is not None else None


def _others_lacking(case: Case, mine: Numbers, lacks: Numbers, here: Sequence[Line]) -> Words | None:
    """Where the forward itself brings in the constant that stands there: another one is missing, by which it has to be multiplied."""
    its, lost = (_up_to_sign(case, here, factor) for factor in (mine, lacks))
    if its is None:
        return None
    if lost is None:
        if case.draft is None or sum(_numbers(case, p) == mine for p in parts(case.draft) if is_constant(case, p)) != 1:
            return None
        return Words("the constants here do not make the right factor", f"{its.why} So this one belongs, and another is off.", look(case))
    why = f"{lost.why} The one that stands here is another: {its.why[0].lower()}{its.why[1:]}"
    return Words("a constant factor is missing here", why, lost.ask)


def _up_to_sign(case: Case, here: Sequence[Line], factor: Numbers) -> Brought | None:
    return matching(case, here, factor) or matching(case, here, [-f for f in factor])


def _missing(case: Case, old: ast.expr, new: ast.expr) -> Words:
    constant = _constant_in(case, new)
    numbers = _numbers(case, constant) if constant is not None else None
    divides = isinstance(new, ast.BinOp) and isinstance(new.op, ast.Div)
    factor = [1 / n for n in numbers] if numbers and divides and all(numbers) else numbers
    function = _function_around(case, old)
    here, source = lines_of_answer(case), None
    if factor and function is None:
        source = _up_to_sign(case, here, factor) or _up_to_sign(case, _further_on(case, here), factor)
    if source is None and constant is not None and (whole := _bracketed_with(case, old, constant, divides)) is not None:
        done = f"`{text(constant)}`"
        return Words(
            f"`{short(old)}` is {'multiplied with' if divides else 'divided by'} {done} too",
            f"What stands behind a closing bracket is done to all of `{short(whole.left)}`; `{short(old)}` is to stay as it is.",
            f"Set the brackets so that {done} meets the other term alone.",
        )
    said = "this" if case.beside else f"`{short(old)}`"
    lacks = f"lacks the factor {'1/' if divides else ''}{_one(constant)}" if constant is not None else ""
    error = f"{said} {lacks if factor and _makes(case, old, factor, new) else 'is off by a constant factor'}"
    if function is not None:
        name = text(function.func)
        found = (call for line in lines_of_answer(case) for call in calls(parsed(line.source.strip()), name.rpartition(".")[2]))
        there, put_right = next(found, None), put(function, old, new)
        if there is not None and text(there) == text(put_right):
            return Words(error, f"`{short(function)}` stands here, where the forward has `{short(there)}`.", f"Take `{name}` of the same.")
        return Words(error, f"It goes into `{short(function)}`.", f"Work out what `{name}` is to be taken of here.")
    if source is None and constant is not None and (slope := _slope_with(case, constant)) is not None:
        return Words(error, *slope)
    return Words(
        error,
        source.why if source else once(case),
        source.ask if source else look(case),
    )


def _slope_with(case: Case, constant: ast.expr) -> tuple[str, str] | None:
    """Why and what to do, where a number of the constant comes out of the slope of a function that the forward calls."""
    own = [text(factor) for _, factor in factors(constant)[1] if literal(factor) is None]
    for line in lines_of_answer(case):
        for part in parts(parsed(line.source.strip())):
            name = part.func.attr if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) else ""
            if any(number in SLOPES.get(name, "") for number in own):
                said = f"`{line.name} = {line.source}`"
                return (
                    f"The slope of `{name}`, which {said} calls, has a number of its own: it comes in beside those of the line.",
                    f"Write down the slope of `{name}` with its number, then look by what {said} multiplies or divides.",
                )
    return None


def _bracketed_with(case: Case, old: ast.expr, constant: ast.expr, divides: bool) -> ast.BinOp | None:
    """The product or quotient of a constant and a sum in brackets, from which the constant is taken back for one term of the sum."""
    done: type[ast.operator] = ast.Mult if divides else ast.Div
    for whole in operations(case.draft, done) if case.draft is not None else ():
        terms = whole.left if isinstance(whole.left, ast.BinOp) and isinstance(whole.left.op, ast.Add | ast.Sub) else None
        if terms is not None and text(whole.right) == text(constant) and any(side is old for side in (terms.left, terms.right)):
            return whole
    return None


def _function_around(case: Case, part: ast.expr) -> ast.Call | None:
    """The call of a function with a slope of its own that a part stands in: a number in there is no factor of the gradient."""
    calls = (node for node in around(case.draft, part) if isinstance(node, ast.Call)) if case.draft is not None else ()
    return next((call for call in calls if getattr(call.func, "attr", "") in SLOPES), None)


def _makes(case: Case, old: ast.expr, factor: Numbers, new: ast.expr) -> bool:
    """Whether the learner's part times the factor is what belongs there."""
    mine, due = case.evaluate(old), case.evaluate(new)
    return mine is not None and due is not None and case.same([f * value for f, value in zip(factor, mine, strict=True)], due)


def _constant_in(case: Case, part: ast.expr) -> ast.expr | None:
    """The constant of a product or quotient of one with a tensor; a constant itself."""
    if is_constant(case, part):
        return part
    if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult | ast.Div):
        return next((side for side in (part.right, part.left) if is_constant(case, side)), None)
    return None


def _source(case: Case, constant: ast.expr) -> Brought | None:
    numbers = _numbers(case, constant)
    if not numbers or not all(numbers):
        return None
    here = lines_of_answer(case)
    forms: list[Numbers] = [[s * n for n in numbers] for s in (1, -1)] + [[s / n for n in numbers] for s in (1, -1)]
    return next((b for lines in (here, _further_on(case, here)) for form in forms if (b := matching(case, lines, form)) is not None), None)


def _further_on(case: Case, here: Sequence[Line]) -> list[Line]:
    """The lines behind these from which the answer brings in the factors itself, since it reads no gradient of what they use."""
    return [line for first in case.consumers for line in unscreened(case, first) if line not in here]


def _numbers(case: Case, node: ast.expr) -> Numbers | None:
    try:
        return [float(evaluate(node)) for evaluate in case.evaluators]
    except Exception:
        return None


def _already(case: Case, factor: Numbers) -> str | None:
    """That a line further on brings this factor in, and what the answer reads has it already."""
    stops = cut(case)
    read = [name for name in case.reads if name[1:] in stops]
    # The last of several that bring the same: of a mean further up and the loss's own, the loss's.
    source = matching(case, beyond(case)[::-1], factor) if len(stops) == 1 and len(read) == 1 else None
    return f"{source.why} In {read[0]} it is counted already." if source is not None else None


def look(case: Case) -> str:
    """Where a constant comes from, to be looked for."""
    if none_here(case):
        return "The forward has none here: look in your line what else multiplies or divides, as a mean does."
    if len(lines_of_answer(case)) > MANY:
        way = f"on the way from {case.node} to {lines_of_answer(case)[-1].name}"
        return f"Look which number is multiplied with or divided by {way}, or stands there as an exponent, and count it once."
    does = "multiplies or divides by, or has" if len(lines_of_answer(case)) < MANY else "multiply or divide by, or have"
    return f"Look which number {between(case)} {does} as an exponent, and count it once."


def once(case: Case) -> str:
    """That a constant is counted once, where the forward has one; that it has none, where that is known."""
    if none_here(case):
        return f"No plain number multiplies or divides what moves with {case.node} in {between(case)}."
    return ONCE if next(brought(case, lines_of_answer(case)), None) is not None else ""


def _one(node: ast.expr) -> str:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        return short(node)
    return short(node) if isinstance(node, ast.Name | ast.Constant | ast.Call | ast.Attribute | ast.Subscript) else f"({short(node)})"
