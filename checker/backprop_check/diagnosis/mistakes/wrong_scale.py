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

Question: Which plain numbers multiply or divide {way} what moves with {node}, or come out of a power, a square or a mean of it? Has your
line these, each once, and no others?
Of a factor: By what does {told} divide, and by what does your line?
Of a product of ones: How many products does the `@` of your line add up for one number of {node}, and how much is each of them?
Slip: a constant factor is off
Note: The derivative of {lines} has a constant factor; here it is left out, or on the other side of a fraction.
Help: Find the number that multiplies, divides or is an exponent there, and see where it goes in the derivative.
Traits: of a part, of all numbers
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

import torch

from backprop_check.derivation.trees import literal
from backprop_check.diagnosis.by_edit.edits import Edit, Mended, parts, search, tensors, value_of
from backprop_check.diagnosis.by_replay.paths import off, paths
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import equal, uses_taken
from backprop_check.diagnosis.phrases import lines, short
from backprop_check.diagnosis.scale.constants import Named, named_constants, times, turned_over
from backprop_check.diagnosis.scale.each_term import in_each_term
from backprop_check.diagnosis.scale.factors import brought, lines_of_answer, matching, unscreened
from backprop_check.diagnosis.scale.scaled import is_constant, is_uniform, scale_words, words_of_whole
from backprop_check.expression.rewrites import calls, operations, put
from backprop_check.records import Diagnosis

FILLS = ("scatter", "masked_fill", "index_fill", "full_like", "full")
"""Calls whose last argument is the number that they put in places."""


def find(case: Case) -> Diagnosis | None:
    """Proven by a named constant: the whole answer, or one part of it, times that constant is right."""
    if not case.everywhere:
        return None
    if (found := search(case, _filled)) is not None:
        return _told(case, found)
    if search(case, _multiplied) is not None:
        return None  # a tensor that is the same everywhere divides where it belongs as a factor
    for constant in chain.from_iterable((c, turned_over(c)) if case.draft is None else (c,) for c in named_constants(case)):
        if case.is_oracle([a * constant.values[run.seed] for a, run in zip(case.answers, (r.trial for r in case.runs), strict=True)]):
            return _whole(case, constant)
    found = search(case, edits)
    if found is None:
        return _of_path(case)
    return _told(case, found)


def _multiplied(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """A product for each quotient by a tensor."""
    for part in operations(expression, ast.Div):
        if isinstance(value_of(case, part.right), torch.Tensor) and case.gradients_in(part.right):
            yield put(expression, part, ast.copy_location(ast.BinOp(part.left, ast.Mult(), part.right), part)), part


def _told(case: Case, found: Mended) -> Diagnosis:
    text, tree, part = found
    # A length written as a number is right today: it shows where another mistake is put right.
    lengths = {size for size in case.runs[0].trial.sizes.values() if size > 2}
    number = isinstance(part, ast.Constant) and part.value in lengths
    fixed = number and case.draft is not None and _names(tree) > _names(case.draft)
    evidence = f"`{text}` equals autograd's gradient in every trial."
    if fixed:
        return case.proven(
            "hard-coded-size",
            error=f"`{short(part)}` is a length of today, written as a number",
            note="With other sizes it has to be another number.",
            help="Take the length from the shape of a tensor of the forward.",
            span=case.span(part),
            evidence=evidence,
            fix=text,
        )
    words = scale_words(case, tree, part)
    if not any(bool(a.any()) for a in case.answers):
        words = replace(words, error="times 0 leaves nothing of the gradient")
    return Diagnosis("wrong-scale", "proven", words.error, words.note, words.help, case.span(part), evidence=evidence, fix=text)


def _names(expression: ast.expr) -> int:
    return sum(isinstance(node, ast.Name) for node in ast.walk(expression))


def _of_path(case: Case) -> Diagnosis | None:
    """Where no edit can be tried (a loop, writing in place): the part that came back through one use is off by a constant."""
    found = paths(case) if case.same_shape else []
    for constant in named_constants(case):
        factor = [constant.values[run.trial.seed] for run in case.runs]
        if not all(factor):
            continue
        path = off(case, found, [1 / f for f in factor])
        if path is not None:
            way = unscreened(case, path.line)
            source = matching(case, way, factor)
            return case.proven(
                "wrong-scale",
                error=f"the part through {path.told} has to be multiplied by {constant.text}",
                note=f"What comes back through the other uses of {case.node} is right." + (f" {source.why}" if source else ""),
                help=source.ask if source else f"Look at {lines(way)}: which constants come in there?",
                evidence=f"With that part, and no other, multiplied by {constant.text} it is autograd's gradient in every trial.",
                claims=(uses_taken(ast.unparse(times(ast.Constant(1), replace(constant, divides=not constant.divides))), [path]),),
            )
    return None


def _whole(case: Case, constant: Named) -> Diagnosis:
    """All numbers are off by the constant: told of the part of the learner's line where it is too many, or another, if there is one."""
    found = search(case, _with_constants) or search(case, _without_a_number)
    if found is not None:
        return _told(case, found)
    words = words_of_whole(case, constant)
    if (each := in_each_term(case, constant)) is not None:
        right, places = each
        told = " and ".join(f"`{short(part)}`" for part in places)
        spans = [(span, "and this") for part in places[1:] if (span := case.span(part)) is not None]
        return case.proven(
            "wrong-scale",
            error=words.error,
            note=words.note,
            help=f"Look in {told} for what multiplies or divides as one number for all, and leave it out in each.",
            span=case.span(places[0]),
            fix=case.fix(right),
            also=tuple(spans[:1]),
        )
    return case.proven(
        "wrong-scale",
        error=words.error,
        note=words.note,
        help=words.help,
        evidence=f"The answer times {constant.text} equals autograd's gradient in every trial.",
        claims=(equal(f"{'-' if constant.text.startswith('-') else ''}({ast.unparse(times(ast.Name('answer'), constant))})"),),
        fix=case.fix(times(case.draft, constant)) if case.draft is not None else None,
    )


def _filled(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """Another constant where a call puts a number in places, or its own fraction turned over."""
    for call in calls(expression, *FILLS):
        number = call.args[-1] if call.args else None
        if not isinstance(number, ast.BinOp | ast.Name | ast.Constant) or not isinstance(value_of(case, number), int | float):
            continue
        if isinstance(number, ast.BinOp) and isinstance(number.op, ast.Div):
            yield put(expression, number, ast.copy_location(ast.BinOp(number.right, number.op, number.left), number)), number
        for constant in named_constants(case):
            for sign in (1, -1):
                one = ast.Constant(sign) if sign > 0 else ast.UnaryOp(ast.USub(), ast.Constant(1))
                yield put(expression, number, ast.copy_location(times(one, constant), number)), number


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    yield from _with_constants(case, expression)
    constants = named_constants(case)
    for part in parts(expression):
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult | ast.Div) and _scaled(case, part):
            for constant in constants:
                yield put(expression, part, ast.copy_location(times(part.left, constant), part)), part.right
    # What is compared is no factor: scaling it can at most empty a mask, and so take a term away that has another mistake.
    compared = {id(n) for p in parts(expression) if isinstance(p, ast.Compare) for n in ast.walk(p)}
    for part in (p for p in tensors(case, expression) if id(p) not in compared):
        for constant in constants:
            yield put(expression, part, ast.copy_location(times(part, constant), part)), part


def _with_constants(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """The expression with one number changed, or with a factor or divisor that is no tensor taken away or moved across the fraction."""
    operands = {id(n) for p in parts(expression) if isinstance(p, ast.BinOp) and not isinstance(p.op, ast.Pow) for n in (p.left, p.right)}
    operands -= {id(n) for p in parts(expression) if isinstance(p, ast.Compare) for n in ast.walk(p)}  # no factor either
    sums = [p for p in parts(expression) if isinstance(p, ast.BinOp) and isinstance(p.op, ast.Add | ast.Sub)]
    operands -= {id(n) for p in sums for n in (p.left, p.right) if isinstance(n, ast.Constant) and n.value == 0}  # no factor makes it 1
    operands -= {id(n) for p in sums if is_uniform(case, p) for n in (p.left, p.right)}  # any number is made of any other by adding one
    for part in parts(expression):
        value = literal(part)
        if value is not None and id(part) in operands:
            for wanted in dict.fromkeys((value * 2, value / 2, 1, 2, 0.5, *_exponents(case))):
                if wanted != value:
                    whole = int(wanted) if wanted == int(wanted) else wanted
                    yield put(expression, part, ast.copy_location(ast.parse(str(whole), mode="eval").body, part)), part
            continue
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add | ast.Sub) and not isinstance(value_of(case, part), torch.Tensor):
            yield put(expression, part, part.left), part
        if isinstance(value_of(case, part), int | float) and id(part) in operands:
            for constant in named_constants(case):
                if not constant.divides:
                    yield put(expression, part, ast.copy_location(constant.node, part)), part
                    if isinstance(part, ast.UnaryOp):
                        yield put(expression, part.operand, ast.copy_location(constant.node, part)), part.operand
        elif isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult | ast.Div):
            other = ast.Div() if isinstance(part.op, ast.Mult) else ast.Mult()
            if not isinstance(value_of(case, part.right), torch.Tensor):
                yield put(expression, part, part.left), part.right
                yield put(expression, part, ast.copy_location(ast.BinOp(part.left, other, part.right), part)), part.right
            elif isinstance(part.op, ast.Mult) and not isinstance(value_of(case, part.left), torch.Tensor):
                yield put(expression, part, part.right), part.left
                yield put(expression, part, ast.copy_location(ast.BinOp(part.right, other, part.left), part)), part.left


def _without_a_number(case: Case, expression: ast.expr) -> Iterator[Edit]:
    """The expression without a factor or divisor that is one number, though it be computed: `dc.sum()`."""
    for part in operations(expression, ast.Mult | ast.Div):
        sides = ((part.left, part.right), (part.right, part.left)) if isinstance(part.op, ast.Mult) else ((part.left, part.right),)
        for kept, lost in sides:
            value = value_of(case, lost)
            if isinstance(value, torch.Tensor) and value.dim() == 0:
                yield put(expression, part, kept), lost


def _exponents(case: Case) -> list[float]:
    """What powers of the forward bring down as a factor."""
    return [b.values[0] for b in brought(case, lines_of_answer(case)) if len(set(b.values)) == 1]


def _scaled(case: Case, part: ast.BinOp) -> bool:
    """Whether a part is a tensor times, or divided by, a constant."""
    return isinstance(value_of(case, part.left), torch.Tensor) and is_constant(case, part.right)
