"""Changes of a call that torch does not take, each with the words for it: the first that makes the line right in every run is the move."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations

import torch

from backprop_check.derivation.trees import parsed, text
from backprop_check.diagnosis.by_edit.edits import replacements, value_of
from backprop_check.diagnosis.by_edit.plain import cancels
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.meeting import function_of, last_step
from backprop_check.diagnosis.phrases import SHORT, short
from backprop_check.diagnosis.raised.signatures import Signature, lacking, signature
from backprop_check.expression.rewrites import method, parts, put
from backprop_check.expression.work import EDITS

Move = tuple[ast.expr, str]
"""The call otherwise, and how to say that."""

ORDINALS = ("first", "second", "third", "fourth", "fifth")
JOINS = ("cat", "stack", "concat", "concatenate", "hstack", "vstack", "tensor")
NUMBERS = (0, 1, -1, 2)
AXES = 4


def right_move(case: Case, part: ast.expr | None, moves: Iterator[Move]) -> tuple[str, str] | None:
    """The words of the first move that makes the whole line right, and that line. `part` is what raises, and a part of the line."""
    if case.draft is None or part is None:
        return None
    there = [p for p in parts(case.draft) if p is part or ast.dump(p) == ast.dump(part)]
    for changed, words in case.up_to(EDITS, moves) if len(there) == 1 else ():
        right = put(case.draft, there[0], ast.copy_location(changed, part))
        if case.is_right(right) and not cancels(case, right):
            return words, text(right)
    return None


def of_call(case: Case, call: ast.Call) -> Iterator[Move]:
    """Other arguments, in the order of how little that changes: exchanged, told otherwise, one less, one more."""
    known = signature(case, call)
    yield from _exchanged(call)
    yield from _gathered(case, call)
    yield from _renamed(call, known)
    yield from _fewer(call)
    yield from _more(case, call, known)
    if isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) in ("math", "np", "numpy"):
        ours = _with(call, func=parsed(f"torch.{call.func.attr}"))
        yield ours, f"torch has it for tensors: `{short(ours)}`."


def of_layout(case: Case, call: ast.Call) -> Iterator[Move]:
    """One argument of a call laid out otherwise; a new axis to join along, or none."""
    if (join := {"cat": "stack", "stack": "cat"}.get(function_of(call))) is not None:
        yield (
            _with(call, func=parsed(f"torch.{join}")),
            f"`torch.{join}` joins along {'a new axis' if join == 'stack' else 'one that is there'}.",
        )
    for i, given in enumerate(call.args):
        if not isinstance(value := value_of(case, given), torch.Tensor):
            continue
        steps: list[tuple[str, *tuple[int, ...]]] = [
            ("flatten",),
            ("flatten", 1),
            *((name, n) for name in ("unsqueeze", "squeeze") for n in range(value.dim() + 1)),
        ]
        for name, *axes in steps:
            other = method(given, name, *axes)
            yield _at(call, i, other), f"Lay `{short(given)}` out with `{last_step(other)}`."
        if (
            isinstance(given, ast.Call)
            and isinstance(given.func, ast.Attribute)
            and function_of(given) in ("flatten", "squeeze", "unsqueeze")
        ):
            for axis in range(AXES):
                other = method(given.func.value, function_of(given), axis)
                yield _at(call, i, other), f"Write `{last_step(other)}` for `{last_step(given)}`."
    laid = [i for i, given in enumerate(call.args) if isinstance(value_of(case, given), torch.Tensor)]
    for axis in range(AXES) if len(laid) > 1 else ():
        both = [method(given, "unsqueeze", axis) if i in laid else given for i, given in enumerate(call.args)]
        told = " and ".join(f"`{short(both[i])}`" for i in laid)
        yield _with(call, args=both), f"Each of them lacks an axis here: write {told}."


def _exchanged(call: ast.Call) -> Iterator[Move]:
    for i, j in combinations(range(len(call.args)), 2):
        given = list(call.args)
        given[i], given[j] = given[j], given[i]
        yield _with(call, args=given), f"Exchange `{short(call.args[i])}` and `{short(call.args[j])}`."


def _gathered(case: Case, call: ast.Call) -> Iterator[Move]:
    """Several in brackets of their own, one with a comma, or a shape in the place of a tensor."""
    joins = function_of(call) in JOINS
    kinds = ((ast.List, "square brackets"), (ast.Tuple, "brackets"))
    for i, j in combinations(range(len(call.args) + 1), 2):
        for brackets, what in (kinds if joins else kinds[::-1]) if j - i > 1 else ():
            whole = _with(call, args=[*call.args[:i], brackets(call.args[i:j], ast.Load()), *call.args[j:]])
            which = f"`{short(call.args[i])}` and what follows" if j - i < len(call.args) else "all that it is given"
            words = f"Put {which} in {what} of their own"
            yield whole, f"{words}{_shown(whole)}."
            for axis in NUMBERS if joins and j == len(call.args) else ():
                yield _with(whole, args=[*whole.args, ast.Constant(axis)]), f"{words}, and the axis behind."
    for i, given in enumerate(call.args):
        if isinstance(value_of(case, given), torch.Tensor):
            yield _at(call, i, ast.Tuple([given], ast.Load())), f"Write the comma after the index: `({short(given)},)`."
            yield _at(call, i, ast.Attribute(given, "shape", ast.Load())), f"`{short(given)}.shape` is its shape."
        if isinstance(given, ast.List | ast.Tuple) and len(given.elts) == 1:
            yield _at(call, i, given.elts[0]), f"Take one pair of brackets away: `{short(given.elts[0])}`."


def _renamed(call: ast.Call, known: Signature | None) -> Iterator[Move]:
    for i, keyword in enumerate(call.keywords):
        for name in known.names() if known is not None else ():
            if name not in {k.arg for k in call.keywords}:
                named = [*call.keywords[:i], ast.keyword(name, keyword.value), *call.keywords[i + 1 :]]
                yield _with(call, keywords=named), f"It is called `{name}` here: `{name}={short(keyword.value)}`."


def _fewer(call: ast.Call) -> Iterator[Move]:
    for i, given in enumerate(call.args):
        less = _with(call, args=[*call.args[:i], *call.args[i + 1 :]])
        yield less, f"Take its {_place(i)} argument, `{short(given)}`, out."
        yield ast.BinOp(less, ast.Mult(), given), f"Take its {_place(i)} argument out, and multiply with it: `* {short(given)}`."
    for i, keyword in enumerate(call.keywords):
        yield _with(call, keywords=[*call.keywords[:i], *call.keywords[i + 1 :]]), f"Take `{keyword.arg}={short(keyword.value)}` out of it."


def _more(case: Case, call: ast.Call, known: Signature | None) -> Iterator[Move]:
    """What the forward or the derived line gives to the same function, a name, an axis, where an argument is missing."""
    if known is not None and not lacking(call, known) and len(call.args) >= len(known.places) and not known.endless:
        return
    lines = [*([case.derived.text] if case.derived is not None else []), *(line.source.strip() for line in case.consumers)]
    same = function_of(call).strip("_")
    alike = [p for line in lines for p in parts(parsed(line)) if isinstance(p, ast.Call) and function_of(p).strip("_") == same]
    names = replacements(case)
    others = [
        *(given for other in alike for given in other.args),
        *(ast.Name(n, ast.Load()) for n in names if n in case.available),
        *map(ast.Constant, NUMBERS),
        *(ast.Name(n, ast.Load()) for n in names if n not in case.available),
        *(p for p in parts(parsed(lines[0])) if not isinstance(p, ast.Name)),
    ]
    there = {ast.dump(given) for given in call.args}
    for given in {ast.dump(other): other for other in others if ast.dump(other) not in there}.values():
        for i in range(len(call.args), -1, -1):
            more = _with(call, args=[*call.args[:i], given, *call.args[i:]])
            yield more, f"Give it `{short(given)}` as well, as its {_place(i)} argument."


def _shown(call: ast.Call) -> str:
    """The call without what it is a method of, where it is short."""
    text = ast.unparse(_with(call, func=ast.Name(function_of(call), ast.Load())))
    return f": `{text}`" if len(text) <= SHORT else ""


def _place(i: int) -> str:
    return ORDINALS[i] if i < len(ORDINALS) else "last"


def _at(call: ast.Call, i: int, given: ast.expr) -> ast.Call:
    return _with(call, args=[*call.args[:i], given, *call.args[i + 1 :]])


def _with(call: ast.Call, **changes: object) -> ast.Call:
    fields = {"func": call.func, "args": call.args, "keywords": call.keywords} | changes
    return ast.copy_location(ast.Call(**fields), call)  # type: ignore[arg-type]
