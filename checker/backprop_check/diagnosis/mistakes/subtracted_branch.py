"""subtracted-branch: what comes back along a second path is subtracted where it should be added.

Family: Branches and accumulation
Forward: p = c * 2; q = c * c; r = p * q
Shapes: c (N, C)
Wrong: dp = q * dr; dq = p * dr; dc = 2 * dp - 2 * c * dq
Right: dp = q * dr; dq = p * dr; dc = 2 * dp + 2 * c * dq

Why:
Gradients of two uses of one value always add. A minus of the forward is already inside the gradient that comes back
along its path, so nothing is left to subtract where the paths meet.

Read more: Karpathy, "Becoming a Backprop Ninja", dcounts.

Question: If two uses of {node} send back 1 each, what comes back from the two together?
Law: A minus of the forward is a slope like any other, and belongs in the term of its own path. Between the terms there is only a plus.
Slip: the gradients of two uses are subtracted
Note: Gradients that come back through several uses always add up.
Help: Add them; a minus belongs only inside a derivative that has one.
Traits: of a part
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from backprop_check.derivation.elementwise import SLOPES
from backprop_check.diagnosis.by_edit.edits import Edit, Mended, parts, search
from backprop_check.diagnosis.by_replay.paths import Path, off, paths
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import uses_taken
from backprop_check.diagnosis.phrases import short
from backprop_check.diagnosis.scale.factors import lines_to, minuses
from backprop_check.diagnosis.steps.statements import all_of, base, makes_it_right, steps
from backprop_check.expression.rewrites import put, put_statement
from backprop_check.records import Diagnosis, Span


def find(case: Case) -> Diagnosis | None:
    """Proven by writing `+` for one `-`: the expression is then right; or by the paths: one of them is in the answer with a minus."""
    found = search(case, edits)
    if found is not None and (len(paths(case)) < 2 or _minuses(case, found)):
        return _one_path(case, found)
    error, evidence = (
        "these come back along two paths, and one is subtracted",
        "With `+` in the place of `-` the expression equals autograd's gradient in every trial.",
    )
    path, where = None, None
    if found is None:
        negative = _negative(case) if case.everywhere and case.expression is None else None
        if negative is None:
            return None
        path, where = negative
        error = f"what comes back through {path.told} is subtracted"
        evidence = f"Autograd's gradient, with the part through {path.told} taken away instead of added, is your answer in every trial."
    return case.proven(
        "subtracted-branch",
        error=error,
        note="Gradients of several uses always add up.",
        help="Add; a minus of the forward belongs inside the term of its own path.",
        span=case.span(found.part if found is not None else where),
        evidence=evidence,
        claims=(uses_taken(-1, [path]),) if path is not None else (),
        fix=found.fix if found is not None else None,
        also=_other_path(case, found.part) if found is not None else (),
    )


def _minuses(case: Case, found: Mended) -> list[str]:
    """What sends a minus back on the way of the term that is taken away: it may be taken for one of these."""
    assert isinstance(found.part, ast.BinOp)
    return minuses(case, lines_to(case, case.gradients_in(found.part.right)))


def _one_path(case: Case, found: Mended) -> Diagnosis:
    """Where there is one path only, the two are terms of one derivative; where a minus is on the path, the sign is worked out with it."""
    assert isinstance(found.part, ast.BinOp)
    minus = _minuses(case, found)
    several = len(minus) > 1
    return case.proven(
        "wrong-sign",
        error=f"`{short(found.part.right)}` has the opposite sign",
        note=" ".join(minus) if several else case.only("All the rest of the expression is right."),
        help="Work out that term alone: how many of these minuses does it meet, and which sign do they make together?"
        if several
        else "Work out that term of the derivative alone: does it come in with a plus or a minus?",
        span=case.span(found.part.right),
        fix=found.fix,
    )


def _other_path(case: Case, difference: ast.expr) -> tuple[tuple[Span, str], ...]:
    """Where the first of the two stands, if that is in another statement: `dc = ...` before `dc -= ...`."""
    assert isinstance(difference, ast.BinOp)
    whole, first = case.span(difference), case.span(difference.left)
    elsewhere = whole is not None and first is not None and first[2] < whole[0]
    return ((first, "this came along the other path"),) if elsewhere and first is not None else ()


def _negative(case: Case) -> tuple[Path, ast.AugAssign] | None:
    """Where no edit can be tried: a `-=` with which all is right once it reads `+=`, and the use that it took in with the wrong sign."""
    program = steps(case)
    for taken in all_of(program):
        if isinstance(taken, ast.AugAssign) and isinstance(taken.op, ast.Sub) and base(taken.target) == case.name:
            added = ast.copy_location(ast.AugAssign(taken.target, ast.Add(), taken.value), taken)
            if makes_it_right(case, put_statement(program, taken, added)):
                path = off(case, paths(case), [-1.0] * len(case.runs)) if case.same_shape else None
                return (path, taken) if path is not None else None
    return None


def edits(case: Case, expression: ast.expr) -> Iterator[Edit]:
    inside = bent(expression)
    for part in parts(expression):
        if id(part) in inside:
            continue
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Sub):
            yield put(expression, part, ast.copy_location(ast.BinOp(part.left, ast.Add(), part.right), part)), part


def bent(expression: ast.expr) -> set[int]:
    """The parts (by identity) of an expression where no paths meet."""
    return {id(inner) for part in parts(expression) for place in _bent(part) for inner in ast.walk(place)}


def _bent(part: ast.expr) -> Iterator[ast.expr]:
    """The places in a part from which no sum comes back: a power's base and exponent, a divisor, the inside of a function."""
    match part:
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            yield from (left, right)
        case ast.BinOp(op=ast.Div(), right=divisor):
            yield divisor
        case ast.Call(func=ast.Attribute(value=base, attr=name), args=args) if name in SLOPES:
            yield from (base, *args)
