"""Two mistakes in one line: each is proven, and told, of the line in which the other one is put right."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

from backprop_check.derivation.trees import text
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.claims import equal, of
from backprop_check.diagnosis.pages import page
from backprop_check.expression.differences import differences
from backprop_check.expression.rewrites import put, same_place
from backprop_check.records import Claim, Diagnosis

LONG = 60
"""Of a change of so many letters it is not said what it is."""

OTHER = "with the other mistake put right"
OF_ALL = "this is "
"""So begins what is said of the whole answer, in which the other mistake still is."""
ALONE = f"So it is {OTHER}."


def told_beside(case: Case, cause: Diagnosis, put_right: Case | None = None) -> Diagnosis:
    """Say of a cause what was proven of it: that it holds once the other mistake of `case` is put right, as `put_right` has it."""
    note = cause.note or ALONE
    told = replace(cause, certainty="proven", note=note, evidence=_then(cause.evidence), fix=None, claims=_claims(cause, put_right))
    of_all = cause.error.startswith(OF_ALL)
    if OTHER in cause.error or (not of_all and "of a part" in page(cause.code).traits and _is_there(case, cause.error)):
        return replace(told, note=_then(note)) if "our answer" in note or note.startswith("This ") else told
    shape = ", but " in cause.error and put_right is not None and case.everywhere and case.got == put_right.got
    return replace(told, error=cause.error if shape else f"{OTHER}, {cause.error}", note=_then(note))


def naming_each_other(causes: tuple[Diagnosis, ...]) -> tuple[Diagnosis, ...]:
    """Of two causes each says which the other one is, the second or the first, and what it is where it has nothing else to say."""
    if len(causes) != 2:
        return causes
    others = [other.error.removeprefix(f"{OTHER}, ") for other in reversed(causes)]
    told = [replace(c, note=f"{c.note[:-1]}: {o}.") if c.note == ALONE else c for c, o in zip(causes, others, strict=True)]
    return tuple(
        replace(c, error=c.error.replace("the other mistake", which), note=c.note.replace("the other mistake", which))
        for c, which in zip(told, ("the second mistake", "the first mistake"), strict=True)
    )


def _claims(cause: Diagnosis, put_right: Case | None) -> tuple[Claim, ...]:
    """What was shown of the line as it would be, said of that line; what was shown of a part of the gradient is not said."""
    if put_right is None or put_right.edited is None:
        return ()
    right = (equal(cause.fix),) if cause.fix is not None else ()
    return (*(of(claim, put_right.edited) for claim in cause.claims), *right)


def _is_there(case: Case, error: str) -> bool:
    """Whether the part that an error is about stands in the learner's answer, and what else it quotes there or in the forward.

    The line as it would be may have another form.
    """
    answer = _bare(text(case.draft) if case.draft is not None else "\n".join(s.source for s in case.submission.statements))
    first, *others = (_bare(quoted.removesuffix("...")) for quoted in re.findall("`([^`]+)`", error) or [""])
    return first in answer and all(other in answer or other in _bare(case.graph.exercise.source) for other in others)


def _bare(quoted: str) -> str:
    """Its words and signs with one space around each: `probs * x` is no part of `dprobs * x`."""
    return " ".join(["", *re.findall(r"\w+|\S", quoted), ""])


def _then(said: str) -> str:
    """What is said of the answer, said of the answer as it would be."""
    if not said or OTHER in said.lower():
        return said
    said = said.replace("your answer", "the answer").replace("Your answer", "The answer")
    plain = said.split()[0] in ("The", "This", "These", "Each", "You", "With", "Without", "In", "Where", "Reshaped", "Summed", "At", "What")
    return f"{OTHER.capitalize()}: {said[0].lower() if plain else said[0]}{said[1:]}"


def changed_part(old: ast.expr, new: ast.expr) -> str | None:
    """What a change puts in the place of what: "`-` for `+`"; None where that is long."""
    pairs = list(differences(old, new))
    was, becomes = pairs[0] if len(pairs) == 1 else (old, new)
    if (
        isinstance(was, ast.BinOp)
        and isinstance(becomes, ast.BinOp)
        and ast.dump(was.left) + ast.dump(was.right) == (ast.dump(becomes.left) + ast.dump(becomes.right))
    ):
        return f"`{_sign(becomes)}` for `{_sign(was)}`"
    if isinstance(was, ast.Constant):  # an axis is shown with what runs over it
        there = [call for call in _within(old) if isinstance(call, ast.Call) and was in ast.walk(call)]
        if there:
            was, becomes = there[-1], put(there[-1], was, becomes)
    return f"`{text(becomes)}` for `{text(was)}`" if len(ast.unparse(was)) + len(ast.unparse(becomes)) <= LONG else None


def undoes(line: ast.expr, one: ast.expr, two: ast.expr, right: ast.expr) -> bool:
    """Whether of two changes of a line the one takes a minus or a call away, and the other puts it there again.

    It is there in another place where the right line has one less and one more as well: `y * (1 - y)` for `-y * (1 + y)`.
    """
    (gone, come), (lost, put_there) = (_net(*_changed(line, changed)) for changed in (one, two))
    both = set.intersection(*_changed(line, right))
    return not (gone & put_there | lost & come) <= both


def _net(gone: set[str], come: set[str]) -> tuple[set[str], set[str]]:
    return gone - come, come - gone


def _changed(old: ast.expr, new: ast.expr) -> tuple[set[str], set[str]]:
    """The minuses and the functions that a change takes away, and those that it puts there."""
    a, b = (re.findall(r"\.?[A-Za-z_]\w*|\d[\w.]*|\S", ast.unparse(line)) for line in (old, new))
    found = [op for op in difflib.SequenceMatcher(None, a, b, False).get_opcodes() if op[0] != "equal"]
    sides = {word for _, i, j, _, _ in found for word in a[i:j]}, {word for _, _, _, k, m in found for word in b[k:m]}
    gone, come = ({word for word in side if word[0] in "-."} for side in sides)
    return gone, come


def _sign(operation: ast.BinOp) -> str:
    return ast.unparse(ast.BinOp(ast.Name("a"), operation.op, ast.Name("b")))[2:-2]


def the_other_way_round(old: ast.expr, half: ast.expr, right: ast.expr) -> Iterator[ast.expr]:
    """The line `old` with only that put right which leads from `half`, where something else is put right already, to `right`."""
    mended = old
    for was, becomes in (last := list(differences(half, right))):
        changed = put(mended, was, becomes)
        if changed is mended:
            break  # this part is not in the learner's line: the other change is within it, or around it
        mended = changed
    else:
        if last:
            yield in_place(mended, old)
    mended, first = right, list(differences(old, half))
    for was, became in first:
        there = same_place(half, right, became)
        same = [node for node in ast.walk(right) if isinstance(node, ast.expr) and ast.dump(node) == ast.dump(became)]
        if there is None or ast.dump(there) != ast.dump(became):
            if len(same) != 1:
                return  # of several such parts it is not known which one the change has made
            there = same[0]
        mended = put(mended, there, was)
    if first:
        yield in_place(mended, old)


def in_place(new: ast.expr, old: ast.expr) -> ast.expr:
    """`new` with the parts that `old` has as well taken from it, so that each is known to stand where the learner wrote it.

    Of parts that stand in `old` more than once, each is the one in the same place.
    """
    known: dict[int, ast.expr] = {}
    _align(new, old, known)
    placed: ast.expr = _in_place(new, old, known, {id(inner) for node in known.values() for inner in _within(node)})
    return placed


def _align(new: Any, old: Any, known: dict[int, ast.expr]) -> None:
    """Note what of `new` stands in `old` in the same place, by the id of the part of `new`; as a whole, where one holds the other."""
    if isinstance(new, list) and isinstance(old, list) and len(new) == len(old):
        for a, b in zip(new, old, strict=True):
            _align(a, b, known)
    elif isinstance(new, ast.expr) and isinstance(old, ast.expr) and (inner := _holds(new, old)) is not None:
        known[id(inner)] = old
    elif isinstance(new, ast.expr) and isinstance(old, ast.expr) and (inner := _holds(old, new)) is not None:
        known[id(new)] = inner
    elif isinstance(new, ast.expr | ast.keyword) and type(new) is type(old):
        for field, value in ast.iter_fields(new):
            _align(value, getattr(old, field), known)


def _holds(whole: ast.expr, part: ast.expr) -> ast.expr | None:
    return next((node for node in _within(whole) if ast.dump(node) == ast.dump(part)), None)


def _within(node: ast.AST) -> Iterator[ast.expr]:
    return (inner for inner in ast.walk(node) if isinstance(inner, ast.expr))


def _shared(a: ast.AST, b: ast.AST) -> int:
    """How many parts two expressions have in common, less those that only one has."""
    mine, others = ({ast.dump(node) for node in ast.walk(tree) if isinstance(node, ast.expr)} for tree in (a, b))
    return len(mine & others) - len(mine ^ others)


def _in_place(new: Any, old: ast.AST, aligned: dict[int, ast.expr], taken: set[int]) -> Any:
    if not isinstance(new, ast.expr | ast.keyword):
        return [_in_place(item, old, aligned, taken) for item in new] if isinstance(new, list) else new
    if id(new) in aligned:
        return aligned[id(new)]
    known = [node for node in ast.walk(old) if ast.dump(node) == ast.dump(new)]
    for node in known:
        inner = {id(part) for part in _within(node)}
        if not inner & taken:  # a node stands in one place only, so that it can be replaced there
            taken |= inner
            return node
    if known:
        return deepcopy(known[0])
    same = [node for node in ast.walk(old) if type(node) is type(new)]
    alike = max(same, key=lambda node: _shared(node, new), default=None)
    made = type(new)(**{field: _in_place(value, old, aligned, taken) for field, value in ast.iter_fields(new)})
    return ast.copy_location(made, alike) if alike is not None else made
