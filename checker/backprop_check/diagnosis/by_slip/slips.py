"""One slip in the derived gradient: the right formula with a factor, a term, a sum or a sign left out, held against the answer's value.

What the learner wrote need not be one expression: a loop that makes the same slip is known by its numbers.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

from backprop_check.derivation.trees import fill, literal
from backprop_check.diagnosis.by_edit.edits import Made, names_used, parts, value_of
from backprop_check.diagnosis.by_slip.confused import early_sums, functions, multiplied_paths, one_of_many, other_products, steps, turns
from backprop_check.diagnosis.by_slip.misplaced import flips, other_names, reductions, scattering
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.meeting import values
from backprop_check.expression.rewrites import calls, operations, put
from backprop_check.expression.work import SLIPS

Kind = Callable[[Case, ast.expr], Iterator[Made]]


@dataclass(frozen=True)
class Slip:
    """A slip in a right formula: its code, the part in which it was made, what that becomes, and the whole."""

    code: str
    part: ast.expr
    left: ast.expr
    whole: ast.expr


def slip(case: Case) -> Slip | None:
    """Return the first slip whose formula gives the answer in every trial."""
    if case.derived is None or not case.everywhere:
        return None
    # Parsed anew: the derivation uses the same node in several places, and a slip is made in one.
    made = case.up_to(SLIPS, slips(case, ast.parse(case.derived.text, mode="eval").body))
    return next((found for found in made if not _by_chance(case, found) and case.gives(found.whole)), None)


def _by_chance(case: Case, found: Slip) -> bool:
    """Whether the slip is a name put in that the learner's expression does not have: such a one gives the same by chance of this graph."""
    put_in = found.left.id if isinstance(found.left, ast.Name) and found.code == "wrong-operand" else None
    return put_in is not None and case.expression is not None and put_in not in {name.id for name in names_used(case.expression)}


def slips(case: Case, right: ast.expr, usual: bool = False) -> Iterator[Slip]:
    """Yield the slips of a right formula, the plainest first; only the `usual` ones where another mistake is there too."""
    plain: tuple[Kind, ...] = (_factors, _signs, _terms, reductions, _powers, scattering, _fractions)
    rare: tuple[Kind, ...] = (multiplied_paths, early_sums, turns, other_products, one_of_many, steps, functions, flips)
    for kind in (*plain, scales, early_sums, turns, one_of_many, _layouts, other_names) if usual else (*plain, *rare, other_names):
        for code, part, left in kind(case, right):
            yield Slip(code, part, left, right if part is left else put(right, part, left))


def _factors(case: Case, right: ast.expr) -> Iterator[Made]:
    """A factor or a divisor left out; with a minus before it, the minus stays."""
    for part in parts(right):
        if not isinstance(part, ast.BinOp) or not isinstance(part.op, ast.Mult | ast.Div | ast.MatMult):
            continue
        one = ast.BinOp(ast.Constant(1), ast.Div(), part.right) if isinstance(part.op, ast.Div) else part.right
        for kept, lost in ((part.left, part.right), (one, part.left)):
            if literal(lost) in (1, -1):
                continue
            minus = isinstance(lost, ast.UnaryOp) and isinstance(lost.op, ast.USub)
            if not (minus and literal(lost) is not None and case.draft is not None):  # a number and a minus are two slips
                yield _lost_factor(case, lost, kept), part, kept
            if isinstance(lost, ast.UnaryOp) and minus:
                yield _lost_factor(case, lost.operand, kept), part, ast.UnaryOp(ast.USub(), kept)


def _lost_factor(case: Case, lost: ast.expr, kept: ast.expr) -> str:
    if case.gradients_in(lost) and not case.gradients_in(kept):
        return "missing-upstream"
    value = value_of(case, lost)
    if any(calls(lost, "one_hot")):
        return "ignored-index"
    known = case.verdict.runs[0].trial.gradients
    moves = any("d" + name.id in known or name.id in known for name in names_used(lost))
    if not isinstance(value, torch.Tensor) or (value.dim() == 0 and not moves):
        return "wrong-scale"
    if bool(((value == 0) | (value == 1)).all()):
        return "missing-mask"
    return "wrong-scale" if names_used(lost) and not moves and _is_one_number(case, lost) else "missing-local-derivative"


def _is_one_number(case: Case, part: ast.expr) -> bool:
    """Whether a tensor holds one number everywhere, in every trial."""
    found = values(case, part)
    return found is not None and all(bool((value == value.flatten()[:1]).all()) for value in found)


def scales(case: Case, right: ast.expr) -> Iterator[Made]:
    """A term with a constant factor more, or half of it, beside another term; n for n - 1; the length of another axis."""
    terms = [part for part in top_of(right) if not (isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add | ast.Sub))]
    for term in terms if len(terms) > 1 else ():
        for text in ("2 * x", "3 * x", "x / 2"):
            yield "wrong-scale", term, fill(text, {"x": term})
    for part in parts(right):
        if (
            isinstance(part, ast.BinOp)
            and isinstance(part.op, ast.Sub)
            and literal(part.right) == 1
            and isinstance(value_of(case, part), int)
        ):
            yield "wrong-scale", part, part.left
        elif isinstance(part, ast.Subscript) and isinstance(part.value, ast.Attribute) and part.value.attr == "shape":
            value = value_of(case, part.value.value)
            for axis in range(value.dim()) if isinstance(value, torch.Tensor) else ():
                if axis != literal(part.slice):
                    yield "wrong-scale", part, ast.Subscript(part.value, ast.Constant(axis), ast.Load())


def _signs(case: Case, right: ast.expr) -> Iterator[Made]:
    top = top_of(right)
    for part in parts(right):
        if isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.USub) and literal(part) is None:
            yield "wrong-sign", part, part.operand
        elif isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add | ast.Sub):
            added = isinstance(part.op, ast.Add)
            turned = ast.BinOp(part.left, ast.Sub() if added else ast.Add(), part.right)
            yield "subtracted-branch" if added and part in top else "wrong-sign", part, turned
        elif isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult | ast.Div | ast.MatMult) and part in top:
            yield "wrong-sign", part, ast.UnaryOp(ast.USub(), part)


def _terms(case: Case, right: ast.expr) -> Iterator[Made]:
    """A term left out: of the whole sum, a path; within a product, a part of one operation's derivative."""
    top, exponents = top_of(right), {id(power.right) for power in operations(right, ast.Pow)}
    for part in (p for p in parts(right) if id(p) not in exponents):
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add | ast.Sub) and isinstance(value_of(case, part), torch.Tensor):
            minus = ast.UnaryOp(ast.USub(), part.right)
            rest = (minus, part.right) if isinstance(part.op, ast.Sub) else (part.right,)
            for kept, lost in ((part.left, part.right), *((k, part.left) for k in rest)):
                collects = part in top or any(calls(lost, "sum", "mean"))
                code = "dropped-epsilon" if _tiny(case, lost) else "missing-branch" if collects else "wrong-local-derivative"
                yield code, part, kept


def _tiny(case: Case, part: ast.expr) -> bool:
    value = value_of(case, part)
    return isinstance(value, float) and 0 < abs(value) < 1e-2


def _powers(case: Case, right: ast.expr) -> Iterator[Made]:
    for part in parts(right):
        power = literal(part.right) if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Pow) else None
        if power is not None and isinstance(part, ast.BinOp):
            for other in dict.fromkeys((1, power + 1, power - 1, -power, power / 2, 2 * power)):
                if other != power:
                    yield "wrong-power", part, part.left if other == 1 else ast.BinOp(part.left, ast.Pow(), ast.Constant(other))
        match part:  # of an exponent that is learned: not lowered, or not raised
            case ast.BinOp(op=ast.Pow(), right=ast.BinOp(left=exponent, op=ast.Add() | ast.Sub(), right=ast.Constant(value=1))):
                yield "wrong-power", part, ast.BinOp(part.left, ast.Pow(), exponent)


def _fractions(case: Case, right: ast.expr) -> Iterator[Made]:
    """A divisor taken for a factor, or the other way round."""
    for part in operations(right, ast.Mult | ast.Div):
        value = value_of(case, part.right)
        exchanged = ast.BinOp(part.left, ast.Mult() if isinstance(part.op, ast.Div) else ast.Div(), part.right)
        yield "wrong-local-derivative" if isinstance(value, torch.Tensor) and value.dim() else "wrong-scale", part, exchanged


def _layouts(case: Case, right: ast.expr) -> Iterator[Made]:
    """The whole with its rows for columns; a view left out."""
    value = value_of(case, right)
    if isinstance(value, torch.Tensor) and value.dim() == 2:
        yield "transposed", right, ast.Attribute(right, "mT", ast.Load())
    for call in calls(right, "view", "reshape"):
        if isinstance(call.func, ast.Attribute):
            yield "not-reshaped", call, call.func.value


def top_of(right: ast.expr) -> list[ast.expr]:
    """The sums at the top of a formula, and their terms."""
    found = [right]
    if isinstance(right, ast.BinOp) and isinstance(right.op, ast.Add | ast.Sub):
        found += [*top_of(right.left), *top_of(right.right)]
    return found
