"""Two mistakes that meet: a change of the answer's line gives what a slip makes of the right formula."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import replace

import torch

from backprop_check.derivation.trees import dumped, literal, parsed, text
from backprop_check.diagnosis.by_edit.brackets import bracketed, unbracketed
from backprop_check.diagnosis.by_edit.edits import names_used, parts, value_of
from backprop_check.diagnosis.by_edit.nearness import new_numbers
from backprop_check.diagnosis.by_edit.plain import takes_back_a_minus
from backprop_check.diagnosis.by_edit.sense import taken_back, undone_by_a_divisor
from backprop_check.diagnosis.by_slip.slips import Slip, slips
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.meeting import function_of
from backprop_check.diagnosis.order import LIGHT, ONE_THING, as_told, editors
from backprop_check.diagnosis.pages import page
from backprop_check.diagnosis.scale.constants import named_constants, times
from backprop_check.diagnosis.scale.scaled import ONCE, is_constant
from backprop_check.diagnosis.together.beside import OF_ALL, OTHER, changed_part, in_place, the_other_way_round, told_beside, undoes
from backprop_check.expression.differences import change
from backprop_check.expression.fingerprint import keys
from backprop_check.expression.rewrites import calls, method, negated, operations, put, summed, with_keyword, without_keyword
from backprop_check.expression.work import EDITS
from backprop_check.records import Diagnosis

First = Callable[[Case], Diagnosis | None]

NAMED = 4
"""So many meetings are asked for the names of their mistakes."""

NEAR = 24
"""Two mistakes that are put right by changing so few letters are taken at once; else the nearest of those that are asked."""


def edit_and_slip(case: Case, first: First) -> tuple[Diagnosis, ...]:
    """Return the two mistakes of an answer, each proven of the answer in which the other one is put right."""
    if not case.everywhere or case.derived is None or case.draft is None:
        return ()
    goals: dict[Hashable, Slip] = {}
    for found in slips(case, ast.parse(case.derived.text, mode="eval").body, usual=True):
        value = value_of(case, found.whole)
        if isinstance(value, torch.Tensor) and value.is_floating_point() and _serious(case, found, value):
            for key in keys(value):
                goals.setdefault(key, found)
        if case.late:
            return ()
    asked: set[int] = set()
    pairs: list[tuple[int, Diagnosis, Diagnosis]] = []
    for half in _changed(case, case.draft):
        value = value_of(case, half)
        goal = next((goals[key] for key in keys(value) if key in goals), None) if isinstance(value, torch.Tensor) else None
        if goal is None or id(goal) in asked or not value.is_floating_point():  # type: ignore[attr-defined]
            continue
        if (due := case.evaluate(goal.whole)) is None or not case.same(case.evaluate(half), due):
            continue  # they meet at these sizes alone
        if taken_back(half) - taken_back(case.draft):
            continue  # a change that undoes something else in the line is none
        kept = {dumped(part) for part in parts(half)}
        if len(parts(half)) < len(parts(case.draft)) and any(dumped(part) not in kept for part in shifted_gradients(case, case.draft)):
            continue  # nobody adds `1 - dk` as a factor: it stands for another one
        asked.add(id(goal))
        pair = _pair(case, case.draft, half, goal, first)
        if pair is not None and {pair[1].code, pair[2].code} not in ONE_THING:
            pairs.append(pair)
        if len(asked) >= NAMED or case.late or (pairs and pairs[-1][0] <= NEAR):
            break
    if not pairs:
        return ()
    one, two = as_told(*min(pairs, key=lambda pair: pair[0])[1:])
    return one, replace(two, fix=None)  # with both put right: a line that is told of does not contradict what is said


def beside_a_shape(case: Case, first: First) -> tuple[Diagnosis, ...]:
    """An axis that a reduction loses, or keeps too many, or another layout, beside another mistake."""
    if not case.everywhere or case.draft is None or case.same_shape:
        return ()
    return _first_pair(case, case.draft, (*_with_the_shape(case, case.draft), *_laid_out_less(case, case.draft)), first)


def beside_a_last_step(case: Case, first: First) -> tuple[Diagnosis, ...]:
    """The last thing that a line does is one too many, beside another mistake."""
    if not case.everywhere or case.draft is None:
        return ()
    return _first_pair(case, case.draft, _without_the_last_step(case, case.draft), first)


def _first_pair(case: Case, draft: ast.expr, halves: Iterable[ast.expr], first: First) -> tuple[Diagnosis, ...]:
    none = ast.Name("_", ast.Load())
    for half in halves:
        pair = _pair(case, draft, half, Slip("", none, none, none), first)
        if pair is not None:
            one, two = as_told(*pair[1:])
            return one, replace(two, fix=None)
    return ()


def _with_the_shape(case: Case, draft: ast.expr) -> Iterator[ast.expr]:
    """The line with an axis of a reduction kept, or not kept, that has the due shape then."""
    for call in calls(draft, "sum", "mean", "amax", "amin", "max", "min"):
        kept = any(k.arg == "keepdim" for k in call.keywords)
        half = without_keyword(draft, call, "keepdim") if kept else with_keyword(draft, call, "keepdim", True)
        values = case.evaluate(half)
        if values is not None and all(v.shape == o.shape for v, o in zip(values, case.oracles, strict=True)):
            yield half


def _without_the_last_step(case: Case, draft: ast.expr) -> Iterator[ast.expr]:
    match draft:
        case (
            ast.UnaryOp(op=ast.USub(), operand=base)
            | ast.BinOp(op=ast.Pow(), left=base)
            | ast.Call(func=ast.Attribute(value=base, attr="flip"))
        ):
            yield base
        case ast.BinOp(left=left, op=ast.Mult() | ast.Div() as op, right=right):
            yield from [left] if is_constant(case, right) and _too_many(case, draft, right) else []
            yield from [right] if is_constant(case, left) and isinstance(op, ast.Mult) and _too_many(case, draft, left) else []
        case ast.BinOp(left=base, op=ast.Add() | ast.Sub(), right=right) if literal(right) is not None:
            yield base


def _too_many(case: Case, draft: ast.expr, constant: ast.expr) -> bool:
    """Whether a line has a constant more often than the derived one: else it is due, wherever it stands there (`torch.full_like(b, 2)`)."""
    due = case.derived.expression if case.derived is not None else ast.Constant(None)
    mine, right = (sum(isinstance(n, ast.expr) and dumped(n) == dumped(constant) for n in ast.walk(tree)) for tree in (draft, due))
    return mine > right


def _laid_out_less(case: Case, draft: ast.expr) -> Iterator[ast.expr]:
    """The line without one step that only gives its numbers other axes, where they are as many as are due."""
    if any(a.numel() != o.numel() for a, o in zip(case.answers, case.oracles, strict=True)):
        return
    for part in parts(draft):
        match part:
            case ast.Attribute(value=base, attr="T" | "mT") | ast.Subscript(value=base, slice=ast.Constant(value=None)):
                yield put(draft, part, base)
            case ast.Call(func=ast.Attribute(value=base, attr="flatten" | "unsqueeze" | "squeeze")):
                yield put(draft, part, base)


def _pair(case: Case, draft: ast.expr, half: ast.expr, goal: Slip, first: First) -> tuple[int, Diagnosis, Diagnosis] | None:
    """How much has to be changed for the two; the mistake that `half` has put right, and the one that it has left."""
    half = in_place(half, draft)
    left = case.put_right(half)
    two = first(left) if left is not None else None
    if left is None or two is None or case.derived is None:
        return None
    right = ast.parse(two.fix or case.derived.text, mode="eval").body
    if takes_back_a_minus(right) or undone_by_a_divisor(case, right):
        return None
    slips_there = [n for n in ast.walk(draft) if ast.dump(n) == ast.dump(goal.left)]
    of_slip = [in_place(put(draft, n, goal.part), draft) for n in slips_there if len(slips_there) == 1 or _mends(case, half, n, goal)][:1]
    bare = unbracketed(right) if any(ast.dump(half) == ast.dump(e) for e, _ in bracketed(case, draft)) else ()
    turned = _turned(case, draft, right) if dumped(half) == dumped(in_place(negated(draft), draft)) else ()
    held: tuple[int, Diagnosis, Diagnosis] | None = None
    others = (*the_other_way_round(draft, half, right), *of_slip, *(in_place(e, draft) for e in (*bare, *turned)))
    for other in (_last_two_turned(case, other) for other in others):
        without = case.put_right(other)
        one = first(without) if without is not None and not without.is_oracle(without.answers) else None
        if one is not None and one.code == two.code == "wrong-scale" and ONCE in (one.note, two.note):
            continue  # two constants that together are worth a factor, and one of them is nowhere in the forward
        if one is not None and any(d.code == "wrong-scale" and d.fix is not None and new_numbers(case, d.fix) - {1} for d in (one, two)):
            continue  # a number that the forward does not bring in, in a line that nobody would write
        if one is not None and (one.code, one.span, one.error) != (two.code, two.span, two.error):
            told = replace(told_beside(case, one, without), fix=one.fix), replace(told_beside(case, two, left), fix=two.fix)
            changes = _changes(draft, half) + _changes(draft, other)
            if undoes(draft, half, other, right):
                continue
            if all(d.error.startswith(OTHER) for d in told):
                named = _each_with_what(draft, told, (other, half))
                if named is None:
                    continue
                told = named
            of_parts = (d for d in told if d.error.startswith(OTHER) and not d.error.startswith(f"{OTHER}, {OF_ALL}"))
            elsewhere = [d.code for d in of_parts if "of a part" in page(d.code).traits]
            if not elsewhere:
                return changes, *told
            if all(code in LIGHT for code in elsewhere):  # else told of a part that the learner's line does not have
                held = held or (changes, *told)
    return held


Told = tuple[Diagnosis, Diagnosis]


def _each_with_what(draft: ast.expr, told: Told, put_right: tuple[ast.expr, ast.expr]) -> Told | None:
    """Two mistakes that are both told of the line with the other one put right: each says what that is; None where that is long."""
    what = [part for line in put_right if (part := changed_part(draft, line)) is not None]
    if len(what) < len(told) or any(_relaid(line) - _relaid(draft) for line in put_right):
        return None  # nobody sees a line for which the learner's has to be given other axes
    one, two = (replace(d, error=_with_what(draft, d.error.removeprefix(OTHER), of)) for d, of in zip(told, what, strict=True))
    return one, two


def _with_what(draft: ast.expr, error: str, what: str) -> str:
    """What is said of a part that the other mistake is in, said of that part as the learner wrote it; else with what is changed in it."""
    (becomes, was), (_, quoted, *rest) = what.split(" for "), error.split("`", 2) if error.startswith(", `") else ("", "")
    own = quoted.replace(becomes.strip("`"), was.strip("`"))
    stands = rest and own != quoted and own in text(draft)
    return f"`{own}`{rest[0]}" if stands else f"with {what}{error}"


def _relaid(line: ast.expr) -> Counter[str]:
    """The calls of a line that give or take an axis."""
    return Counter(function_of(call) or "" for call in calls(line, "squeeze", "unsqueeze", "reshape"))


def _last_two_turned(case: Case, line: ast.expr) -> ast.expr:
    """`.mT` for a `.T` of more than two axes: what turned a matrix is here before what makes one of several."""
    for part in parts(line):
        if isinstance(part, ast.Attribute) and part.attr == "T" and part not in parts(case.draft or line):
            value = value_of(case, part.value)
            if isinstance(value, torch.Tensor) and value.dim() > 2:
                return put(line, part, ast.copy_location(ast.Attribute(part.value, "mT", ast.Load()), part))
    return line


def _turned(case: Case, draft: ast.expr, right: ast.expr) -> Iterator[ast.expr]:
    """The right line with a difference turned round, as it stands in the learner's."""
    for difference in operations(right, ast.Sub):
        due = case.evaluate(difference) or []
        for own in operations(draft, ast.Sub):
            if due and case.same(case.evaluate(own), [-value for value in due]):
                yield put(right, difference, own)


def _mends(case: Case, half: ast.expr, part: ast.AST, goal: Slip) -> bool:
    """Whether it is this part, of several that read so, which the slip has put there."""
    changed = put(half, part, goal.part)
    return changed is not half and case.is_right(changed)


def _changes(old: ast.expr, new: ast.expr) -> int:
    """How many letters of the line are changed."""
    return sum(max(len(a), len(b)) for a, b in change(old, new))


def shifted_gradients(case: Case, draft: ast.expr) -> Iterator[ast.BinOp]:
    """The sums and differences of a number and a gradient: a slope with the gradient in the place of the value."""
    for part in operations(draft, ast.Add | ast.Sub):
        sides = (part.left, part.right)
        if any(literal(side) is not None for side in sides) and any(case.gradients_in(side) for side in sides):
            yield part


def _serious(case: Case, found: Slip, value: torch.Tensor) -> bool:
    """Whether the slip leaves enough of the formula: all its gradients, or a value for one; not a single number for many, nor nothing."""
    assert case.derived is not None
    single = value.numel() == 1 < case.oracles[0].numel()
    if value.shape != case.oracles[0].shape and "other shape" not in page(found.code).traits:
        return False
    used = {n.id for n in names_used(found.whole)}
    right, left = case.gradients_in(case.derived.expression), case.gradients_in(found.whole)
    kept = len(left) >= len(right) or all(name in left or name[1:] in used for name in right)
    put_in = value_of(case, found.left) if isinstance(found.left, ast.Name) and found.left not in ast.walk(found.part) else None
    # A tensor of equal numbers in the place of another fits too many answers.
    plain = isinstance(put_in, torch.Tensor) and _is_one_number(put_in)
    plain = plain or (_is_one_number(value) and not _is_one_number(case.oracles[0]))
    return kept and not single and not plain and bool(value.any())


def _is_one_number(value: torch.Tensor) -> bool:
    return bool((value == value.flatten()[0]).all())


def _changed(case: Case, draft: ast.expr) -> Iterator[ast.expr]:
    """The line with one change made in it: of the whole, then of a part."""
    yield from _of_whole(case, draft)
    for mistake in editors():
        yield from (edited for edited, _ in case.up_to(EDITS, mistake.edits(case, draft)))


def _of_whole(case: Case, draft: ast.expr) -> Iterator[ast.expr]:
    answer, oracle = case.answers[0], case.oracles[0]
    yield negated(draft)
    yield from (edited for edited, _ in bracketed(case, draft))
    yield from (times(draft, constant) for constant in named_constants(case))
    for axis in range(answer.dim()):
        if answer.shape[axis] == 1:
            yield method(draft, "squeeze", axis)
            continue
        yield summed(draft, (axis,), keep=False)
        yield summed(draft, (axis,), keep=True)
    yield from (method(draft, "unsqueeze", axis) for axis in range(answer.dim() + 1))
    if answer.dim() < oracle.dim() or 1 in answer.shape:
        ones = ast.Call(parsed("torch.ones_like"), [ast.Name(case.node, ast.Load())], [])
        yield ast.BinOp(ones, ast.Mult(), draft)
        if answer.dim() < oracle.dim():
            yield from (ast.BinOp(ones, ast.Mult(), method(draft, "unsqueeze", axis)) for axis in range(answer.dim() + 1))
    if answer.dim() >= 2:
        yield ast.Attribute(draft, "mT", ast.Load())
    if answer.numel() == oracle.numel() and answer.shape != oracle.shape:
        yield method(draft, "reshape", parsed(f"{case.node}.shape"))
