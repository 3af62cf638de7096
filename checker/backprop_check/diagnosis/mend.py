"""Mend the learner's expression: one part of it replaced, two, or else the gradient as the forward's own text gives it."""

from __future__ import annotations

import ast
import difflib
import io
import tokenize
from collections.abc import Iterator
from functools import partial
from itertools import chain, islice

from backprop_check.derivation.trees import fill, text
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.edits import TRIES, search
from backprop_check.diagnosis.replaced import replaced, with_term
from backprop_check.diagnosis.rules import RULES, bad_reshape, wrong_operand

ENOUGH = 40
NEAR = 8
"""A repair that changes so few tokens is near enough: no nearer one is sought."""

EDITORS = tuple(rule for rule in RULES if hasattr(rule, "edits"))


def repairs(case: Case) -> Iterator[str]:
    """Yield verified repairs of the learner's expression as text, those of one step first, until the case's time is up.

    Of two steps, the second is not searched: what the edited expression would need in a place follows by undoing the operations above it,
    and is looked up by its value.
    """
    if case.draft is None:
        return
    yield from _mended(case, case.draft)
    for rule in EDITORS:
        for tried, (edited, _) in enumerate(rule.edits(case, case.draft)):
            if tried >= TRIES or case.late:
                return
            yield from _mended(case, edited)


def _mended(case: Case, expression: ast.expr) -> Iterator[str]:
    yield from (text(mended) for mended in with_term(case, expression))
    yield from (text(mended) for mended, _, _ in replaced(case, expression))


def nearest(case: Case, given: str | None) -> str | None:
    """Return the right text nearest to the learner's: the one `given`, the derived one, or one of the first few that are found."""
    derived = [case.derived.text] if case.derived is not None else []
    if given is None and derived and isinstance(case.draft, ast.Name | ast.Constant) and not _one_more(case):
        return derived[0]
    written = ast.unparse(case.draft) if case.draft is not None else ""
    best: str | None = None
    found = chain([given] if given else [], derived, _written_out(case), _renamed(case), repairs(case))
    for candidate in islice(found, ENOUGH):
        best = min([candidate, best] if best else [candidate], key=partial(_far, written))
        if _distance(written, best) <= NEAR:
            break
    return best


def _one_more(case: Case) -> bool:
    return case.draft is not None and next(with_term(case, case.draft), None) is not None


def _written_out(case: Case) -> Iterator[str]:
    """The derived gradient with a value of the forward written out: `torch.sigmoid(z)` for `a`."""
    for line in case.consumers if case.derived is not None else ():
        whole = fill(case.derived.text, {line.name: ast.parse(line.source.strip(), mode="eval").body})  # type: ignore[union-attr]
        if case.is_right(whole):
            yield text(whole)


def _renamed(case: Case) -> Iterator[str]:
    """One tensor in the place of another; a length left to torch."""
    for edits in (wrong_operand.edits, bad_reshape.edits):
        found = search(case, edits)
        if found is not None:
            yield text(found[1])


def _far(a: str, b: str) -> tuple[bool, float]:
    """How far one text is from another; of two that are near, the shorter is the better."""
    distance = _distance(a, b)
    return distance > NEAR, distance + len(_tokens(b)) / 3


def _distance(a: str, b: str) -> int:
    """How many tokens of one text have to be changed to give the other."""
    left, right = _tokens(a), _tokens(b)
    pieces = difflib.SequenceMatcher(None, left, right, False).get_opcodes()
    return sum(max(i2 - i1, j2 - j1) for kind, i1, i2, j1, j2 in pieces if kind != "equal")


def _tokens(source: str) -> list[str]:
    try:
        return [t.string for t in tokenize.generate_tokens(io.StringIO(source).readline) if t.string.strip()]
    except (tokenize.TokenError, SyntaxError):
        return source.split()  # the learner's line is broken
