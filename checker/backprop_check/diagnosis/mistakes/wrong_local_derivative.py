"""wrong-local-derivative: the derivative of another operation than the one the forward used.

Family: Local derivative
Forward: y = torch.log(p)
Shapes: p (N, C)
Inputs: torch.rand + 0.5
Wrong: dp = p * dy
Right: dp = dy / p

Why:
Each operation has a derivative of its own: 1/p for the logarithm, the other factor for a product, minus the square
below for a quotient. Where a factor and a divisor are exchanged, the result is right only where the value is 1.

Read more: `backprop-check explain log`, and of any other operation its own page.

Question: When {one} rises a little, how much of that reaches {reached}? Is that {beside}?
Of brackets: Compare 2 * 3 + 4 with 2 * (3 + 4): how far does a factor, or a divisor, reach without brackets? Which terms of your line has
it to reach?
Of lengths written down: Yours is {got}, and {node} is {axes}: where does {part} take its lengths from? When {one} rises a little, how
much of that reaches {reached}? Is that {beside}?
Of the function itself: When {one} rises a little, which numbers of {ends} move, and how much? Which numbers of what arrives there does
your line bring together for {one}, and with which factors?
Of what does not belong: Which operations lie {way}? For which of them does {part} stand in your line?
Slip: this is not the derivative that belongs here
Note: The derivative of {lines} by {node} has another form.
Help: Write down how far the result moves when {node} moves a little, alone, before you multiply.
Traits: of a part, vague
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import torch

from backprop_check.derivation.trees import literal, parsed, text
from backprop_check.diagnosis.asking import asks, example
from backprop_check.diagnosis.by_edit.edits import Edit, Mended, parts, search, value_of
from backprop_check.diagnosis.by_replay.another import another
from backprop_check.diagnosis.by_value.lacking_factor import gradient_without_its_slope
from backprop_check.diagnosis.by_value.lone_factor import lone_factor
from backprop_check.diagnosis.by_value.wrong_part import wrong_part
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.meeting import function_of
from backprop_check.diagnosis.mistakes.applied_twice import inner_of
from backprop_check.diagnosis.phrases import short
from backprop_check.diagnosis.scale.factors import between
from backprop_check.expression.chains import terms
from backprop_check.expression.rewrites import calls, put
from backprop_check.records import Diagnosis


def find(case: Case) -> Diagnosis | None:
    """Proven by dividing where the learner multiplies, or the other way round: the expression is then right.

    Or by replay: with the derivative of another operation in the place of the forward's, autograd gives the learner's answer.
    """
    found = search(case, edits)
    if found is None:
        return (another(case) or wrong_part(case) or gradient_without_its_slope(case) or lone_factor(case)) if case.everywhere else None
    if isinstance(found.part, ast.Constant | ast.Call):
        # Beside another mistake a function less is no proof: something else may stand in the place of the whole call.
        return _not_the_slope(case, found) if not case.partial else None
    part = found.part
    divides = isinstance(part, ast.BinOp) and isinstance(part.op, ast.Div)
    moved = next((side for side, whole in _exchanged(case.draft, part) if ast.dump(whole) == ast.dump(found.tree)), part)  # type: ignore[arg-type]
    does = "divides by" if divides else "multiplies with"
    return case.proven(
        "wrong-local-derivative",
        by=found,
        error=f"this {does} `{short(moved)}`, where the derivative {'multiplies' if divides else 'divides'}",
        note=example(case),
        help=asks(case),
        evidence="With the two exchanged the expression equals autograd's gradient in every trial.",
    )


def _not_the_slope(case: Case, found: Mended) -> Diagnosis:
    part, inner = found.part, inner_of(found.part)
    term = case.draft is not None and any(part is term for _, term in terms(case.draft))
    if not isinstance(part, ast.Call) or inner is None or not (term or case.gradients_in(inner)):
        return case.proven(
            "wrong-local-derivative",
            by=found,
            error=f"`{text(part)}` does not belong to this derivative",
            note=example(case),
            help=asks(case),
        )
    name = function_of(part)
    own = (line for line in case.graph.exercise.lines if line.name == case.node and any(calls(parsed(line.source), name)))
    made = [f"`{line.name} = {line.source}` applies `{name}` to make {line.name}: that belongs to what goes in." for line in own]
    return case.proven(
        "wrong-local-derivative",
        by=found,
        error=f"`{name}` is too many: nothing on the way back applies it to `{short(inner)}`",
        question="Of what does not belong",
        note=" ".join(filter(None, [case.only("Without it the expression is right."), *made])),
        help=f"Ask what in {between(case)} it would stand for, and leave it out.",
        span=case.span(part, after=inner) if getattr(part.func, "value", None) is inner else case.span(part.func),
    )


def _exchanged(expression: ast.expr, part: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """What is multiplied with (or divided by) in a part, and the expression that divides by it (or multiplies with it) there.

    Not a fraction of which a factor would become a divisor: what it is divided by is moved in a part of its own, and stands alone then.
    """
    match part:
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            for above, under in ((left, right), (right, left)):
                if not (isinstance(under, ast.BinOp) and isinstance(under.op, ast.Div)):
                    yield under, put(expression, part, ast.copy_location(ast.BinOp(above, ast.Div(), under), part))
            if isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mult):
                both = ast.BinOp(left.right, ast.Mult(), right)  # of `a * 2 * b` the `2 * b`
                yield both, put(expression, part, ast.copy_location(ast.BinOp(left.left, ast.Div(), both), part))
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            product = right if literal(left) == 1 else ast.BinOp(left, ast.Mult(), right)
            yield right, put(expression, part, ast.copy_location(product, part))


def exchanged(case: Case) -> Mended | None:
    """The answer with a factor for a divisor, or a divisor for a factor, where that puts it right."""
    return search(case, _each_exchanged)


def _each_exchanged(case: Case, expression: ast.expr) -> Iterator[Edit]:
    for part in parts(expression):
        yield from ((whole, part) for _, whole in _exchanged(expression, part))


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    yield from _each_exchanged(case, expression)
    for part in parts(expression):
        inner = inner_of(part)
        if inner is not None:
            yield put(expression, part, inner), part
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add | ast.Sub) and isinstance(value_of(case, part), torch.Tensor):
            for number in (part.left, part.right):
                if isinstance(number, ast.Constant) and number.value == 0:
                    yield put(expression, number, ast.copy_location(ast.Constant(1), number)), number
