"""Find the other places of a cause that stands in several: the same change again, or the other statements of one answer."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from backprop_check.diagnosis.case import Case
from backprop_check.exercise.nodes import children, walk
from backprop_check.expression.differences import change, differences
from backprop_check.expression.rewrites import calls, with_keyword
from backprop_check.records import Diagnosis, Span

OtherPlace = tuple[Span, str]


def with_all_places(case: Case, diagnosis: Diagnosis) -> Diagnosis:
    """Return a single cause with all of its places."""
    if diagnosis.span is None or diagnosis.also:
        return diagnosis
    folded = case.folded
    if folded is None:
        return diagnosis
    if diagnosis.certainty == "located":
        found = tuple(_changes(case, folded, diagnosis))
        near = replace(diagnosis, question=diagnosis.question or ("Of one place" if found else ""))
        if found and _overlap(found[0][0], diagnosis.span):  # one place, and no caret within another
            if not case.everywhere:
                return near
            return replace(near, span=found[0][0], error=f"{diagnosis.error}: {found[0][1]}")
        return replace(near, also=found)
    spans = _same_name(case, diagnosis) if diagnosis.code == "undefined-name" else _the_same(case, folded, diagnosis)
    same = [(span, "and the same here") for span in spans[:1]]
    if same:
        lines = sorted({span[0] for span in spans} - {diagnosis.span[0]})
        where = f" The same stands in line {' and '.join(map(str, lines))}." if lines else ""
        return replace(diagnosis, also=tuple(same), note=(diagnosis.note + where).strip())
    return replace(diagnosis, also=tuple(_rest(case))[-1:]) if diagnosis.span == case.span() else diagnosis


def _same_name(case: Case, diagnosis: Diagnosis) -> list[Span]:
    """Where else the answer reads the name that is not there."""
    names = [n for node in case.written for n in walk(node) if isinstance(n, ast.Name)]
    uses = [(case.span(n), n.id) for n in names if isinstance(n.ctx, ast.Load)]
    own = next((name for span, name in uses if span == diagnosis.span), None)
    return [span for span, name in uses if span is not None and span != diagnosis.span and name == own]


def _the_same(case: Case, folded: ast.expr, diagnosis: Diagnosis) -> list[Span]:
    """Where a right expression changes the answer as it does at the mistake's own place."""
    if diagnosis.span is None:
        return []
    for right in _right(case, folded, diagnosis):
        pairs = [(old, _span(case, old, new), change(old, new)) for old, new in differences(folded, right)]
        own = next(((old, done) for old, span, done in pairs if span and _overlap(span, diagnosis.span)), None)
        if own is not None:
            same = [(old, span) for old, span, done in pairs if span and done == own[1] and not _overlap(span, diagnosis.span)]
            spans = [_widened(case, folded, own[0], old, diagnosis.span) or span for old, span in same]
            if spans:
                return [span for span in dict.fromkeys(spans) if not _overlap(span, diagnosis.span)]
    return []


def _widened(case: Case, folded: ast.expr, own: ast.AST | None, other: ast.AST | None, span: Span) -> Span | None:
    """The part around `other` that corresponds to what `span` is around `own`."""
    around = {child: node for node in walk(folded) for child in children(node)}
    while own is not None and other is not None:
        for whole in (True, False):
            if _part(case, own, whole) == span:
                return _part(case, other, whole)
        own, other = around.get(own), around.get(other)
    return None


def _part(case: Case, node: ast.AST, whole: bool) -> Span | None:
    """Where a node stands; of a method call, unless `whole`, only the call: the `.sum(1)` of `x.sum(1)`."""
    method = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    return case.span(node, after=node.func.value if method and not whole else None)  # type: ignore[attr-defined]


def _right(case: Case, folded: ast.expr, diagnosis: Diagnosis) -> Iterator[ast.expr]:
    """The fix; and, since a shape may also be put right at the end, the axes kept in every sum that lost one."""
    if diagnosis.fix is not None:
        yield ast.parse(diagnosis.fix, mode="eval").body
    sums = list(calls(folded, "sum", "mean", "amax", "amin"))
    if diagnosis.code == "lost-keepdim" and len(sums) > 1:
        kept = folded
        for call in sums:
            kept = with_keyword(kept, call, "keepdim", True)
        if case.is_right(kept):
            yield kept


def _changes(case: Case, folded: ast.expr, diagnosis: Diagnosis) -> Iterator[OtherPlace]:
    """Where the fix changes an answer whose mistake has no name, if that is one part of it: a mistake is shown in two places at most."""
    pairs = list(differences(folded, ast.parse(diagnosis.fix, mode="eval").body)) if diagnosis.fix is not None else []
    spans = list(dict.fromkeys(_span(case, old, new) for old, new in pairs if old is not folded))
    if len(spans) == len(pairs) == 1 and spans[0] is not None:
        yield spans[0], "a change here makes it right"


def _span(case: Case, old: ast.expr, new: ast.expr) -> Span | None:
    """Where the old part stands, or as little of it as differs: of a call on the same value the call."""
    match old, new:
        case ast.Call(func=ast.Attribute(value=a)), ast.Call(func=ast.Attribute(value=b)) if ast.dump(a) == ast.dump(b):
            return _part(case, old, whole=False)
    return case.span(old)


def _overlap(a: Span, b: Span) -> bool:
    return a[:2] < b[2:] and b[:2] < a[2:]


def _rest(case: Case) -> Iterator[OtherPlace]:
    """The other statements that an answer is made of, where the cause is in the answer as a whole."""
    begun = [i for i, n in enumerate(case.written) if isinstance(n, ast.Assign) and not _reads(n.value, case.name)]
    for node in case.written[begun[-1] if begun else 0 : -1]:
        if (span := case.span(getattr(node, "value", node))) is not None:
            yield span, f"and this, which is in {case.name} too"


def _reads(node: ast.expr, name: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == name for n in walk(node))
