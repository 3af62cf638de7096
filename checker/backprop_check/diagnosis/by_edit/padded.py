"""Zeros that `F.pad` puts on the wrong side, of one part or of several."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations, product

from backprop_check.derivation.trees import literal, text
from backprop_check.diagnosis.by_edit.edits import Edit, search
from backprop_check.diagnosis.by_edit.exchanged import exchanged
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.phrases import short
from backprop_check.expression.rewrites import calls, negated, put_all, same_place
from backprop_check.records import Diagnosis

ZEROS, PADS = 6, 4
"""So many zeros along an axis are laid out in every way, and so many paddings are tried together."""

Padding = tuple[ast.expr, ast.Tuple | ast.List]
"""What is padded, and with how many zeros before and after it, the last axis first."""


def padded(case: Case) -> Diagnosis | None:
    """Proven by the learner's own paddings, as many zeros on other sides: one of them, else several where nothing else is exchanged."""
    found = search(case, _one)
    if found is None:
        found = search(case, _several)
        if found is None or case.draft is None or case.is_right(negated(case.draft)) or exchanged(case) is not None:
            return None
    assert case.draft is not None
    changed = [(of, own, new) for of, own in _paddings(case.draft) if (new := _now(case.draft, found.tree, own)) and text(new) != text(own)]
    of, own, new = changed[0]
    moved = next(((a, b) for a, b in zip(own.elts[::2], new.elts[::2], strict=True) if text(a) != text(b)), None)
    mine, due = map(literal, moved) if moved is not None else (None, None)
    note = f"The zeros of `{short(of)}` are as many as they have to be, but they do not stand where they belong."
    if isinstance(mine, int) and isinstance(due, int):
        places = f"{abs(mine - due)} place{'s' if abs(mine - due) > 1 else ''} too far {'back' if mine > due else 'in front'}"
        note = f"`{text(own)}` puts {mine or 'no'} zero{'s' if mine != 1 else ''} before `{short(of)}`, so its numbers stand {places}."
    spans = [case.span(tuple_) for _, tuple_, _ in changed]
    return case.proven(
        "wrong-slice",
        by=found,
        error="the zeros stand on the wrong side" if len(changed) == 1 else "these zeros stand on the wrong sides",
        note=note,
        help=f"Ask from which places of {case.node} the forward takes them: as many zeros go before them as it passes over before those.",
        span=spans[0],
        also=tuple((span, "and these") for span in spans[1:] if span is not None),
    )


def _paddings(expression: ast.expr) -> list[Padding]:
    """The calls of `F.pad` with their counts written out, in the order of the line."""
    found = sorted(((c.args[0], c.args[1]) for c in calls(expression, "pad") if len(c.args) == 2), key=lambda pair: pair[1].col_offset)
    return [(of, own) for of, own in found if isinstance(own, ast.Tuple | ast.List) and own.elts and len(own.elts) % 2 == 0][:PADS]


def _one(case: Case, expression: ast.expr) -> Iterator[Edit]:
    for _, own in _paddings(expression):
        yield from ((put_all(expression, {id(own): new}), own) for new in _others(own))


def _several(case: Case, expression: ast.expr) -> Iterator[Edit]:
    paddings = [own for _, own in _paddings(expression)]
    for count in range(2, len(paddings) + 1):
        for some in combinations(paddings, count):
            for others in product(*map(_others, some)):
                yield put_all(expression, {id(own): new for own, new in zip(some, others, strict=True)}), some[0]


def _others(own: ast.Tuple | ast.List) -> Iterator[ast.expr]:
    """As many zeros along an axis, laid out otherwise: first before and after exchanged."""
    for at in range(0, len(own.elts), 2):
        before, after = own.elts[at : at + 2]
        pairs = [(after, before)] if text(before) != text(after) else []
        a, b = literal(before), literal(after)
        if isinstance(a, int) and isinstance(b, int) and a >= 0 and b >= 0 and a + b <= ZEROS:
            pairs += [(ast.Constant(n), ast.Constant(a + b - n)) for n in range(a + b + 1) if n not in (a, b)]
        for pair in pairs:
            yield ast.copy_location(type(own)([*own.elts[:at], *pair, *own.elts[at + 2 :]], ast.Load()), own)


def _now(old: ast.expr, new: ast.expr, part: ast.Tuple | ast.List) -> ast.Tuple | ast.List | None:
    there = same_place(old, new, part)
    return there if isinstance(there, ast.Tuple | ast.List) and len(there.elts) == len(part.elts) else None
