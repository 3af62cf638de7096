"""Brackets that are missing, too many, or closed in another place: every pair of the line is tried in every place."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

from backprop_check.derivation.elementwise import SLOPES
from backprop_check.derivation.trees import dumped, literal, text
from backprop_check.diagnosis.by_edit.edits import Edit, parts
from backprop_check.diagnosis.by_edit.plain import cancels
from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.phrases import short
from backprop_check.diagnosis.scale.scaled import is_constant
from backprop_check.exercise.nodes import children
from backprop_check.expression.rewrites import calls, operations, put
from backprop_check.expression.work import EDITS
from backprop_check.records import Diagnosis, Span

TOKENS = 48
"""In a longer line brackets are not moved."""

SHAPED = ("ones_like", "zeros_like", "full_like", "expand_as", "view_as")
"""Calls that ask a tensor for its shape."""

FIRST = "Without brackets what stands behind a dot goes first, then `**`, then `*`, `/` and `@`, and `+` and `-` last."

Layout = tuple[ast.expr, str, int, int]
"""A line with its brackets elsewhere, what was done, and between which tokens they stand now, or stood."""


def moved_brackets(case: Case) -> Diagnosis | None:
    """Proven by the same line with one pair of brackets elsewhere: it is then right."""
    if case.draft is None or not case.everywhere:
        return None
    words = _tokens(text(case.draft))
    if len(words) <= TOKENS:
        for candidate, done, begin, end in case.up_to(EDITS, _moved(words, case.draft)):
            if case.is_right(candidate) and not cancels(case, candidate) and not _is_worth_nothing(case.draft, candidate):
                return _told(case, candidate, done, words, begin, end)
    for candidate, part in case.up_to(EDITS, _reaching_less(case.draft)):
        if case.is_right(candidate) and not cancels(case, candidate):
            return _reaches_too_far(case, candidate, part)
    return None


def _tokens(line: str) -> list[str]:
    return [token.string for token in tokenize.generate_tokens(io.StringIO(line).readline) if token.string.strip()]


def _moved(words: list[str], draft: ast.expr) -> Iterator[Layout]:
    """One pair more, one pair less, and one end of a pair elsewhere; only what is another expression."""
    known = {dumped(draft)}
    for layout in _layouts(words):
        line, done, begin, end = layout
        try:
            tree = ast.parse(" ".join(line), mode="eval").body
        except SyntaxError:
            continue
        if dumped(tree) not in known:
            known.add(dumped(tree))
            yield tree, done, begin, end


def _layouts(words: list[str]) -> Iterator[tuple[list[str], str, int, int]]:
    pairs = list(_pairs(words))
    for begin, end in pairs:
        yield [*words[:begin], *words[begin + 1 : end], *words[end + 1 :]], "less", begin + 1, end
    for begin, end in combinations(range(len(words) + 1), 2):
        if _is_whole(words[begin:end]):
            yield [*words[:begin], "(", *words[begin:end], ")", *words[end:]], "more", begin, end
    for begin, end in pairs:
        for other in range(len(words) + 1):
            held = [word for at, word in enumerate(words[begin + 1 : other], begin + 1) if at != end]
            if begin + 1 < other and other not in (end, end + 1) and _is_whole(held):
                yield _with(words, end, other, ")"), "moved", begin + 1, other
            if other <= end and other not in (begin, begin + 1):
                yield _with(words, begin, other, "("), "moved", other, end
    for begin, end in _pairs(words, of_functions=True):
        for other in range(begin + 2, end):
            if _is_whole(words[begin + 1 : other]):
                yield _with(words, end, other, ")"), "late", begin + 1, other


def _is_whole(words: list[str]) -> bool:
    """Whether every bracket among the tokens is opened before it is closed, and closed."""
    depth = 0
    for word in words:
        depth += (word in "([{") - (word in ")]}")
        if depth < 0:
            return False
    return depth == 0


def _with(words: list[str], old: int, new: int, bracket: str) -> list[str]:
    left = [*words[:new], bracket, *words[new:]]
    return [*left[: old + (new <= old)], *left[old + (new <= old) + 1 :]]


def _pairs(words: list[str], of_functions: bool = False) -> Iterator[tuple[int, int]]:
    """The brackets that group, by where they open and close; not those of calls and indices. Or those of functions of each number."""
    opened: list[int] = []
    for at, word in enumerate(words):
        if word == "(":
            opened.append(at)
        elif word == ")" and opened:
            begin = opened.pop()
            before = words[begin - 1] if begin else ""
            if (before in SLOPES) if of_functions else not (before.isidentifier() or before in (")", "]")):
                yield begin, at


def _is_worth_nothing(draft: ast.expr, right: ast.expr) -> bool:
    """Whether more stands where only its shape counts, in `ones_like`, than in the line: there anything would be right.

    Or a small number is raised to a power, `c + 1e-4**2`: of that nearly nothing is left.
    """
    own, new = ({dumped(node) for node in (*calls(line, *SHAPED), *_raised(line))} for line in (draft, right))
    return not new <= own


def _raised(line: ast.expr) -> Iterator[ast.expr]:
    return (power for power in operations(line, ast.Pow) if literal(power.left) is not None and literal(power.right) is not None)


def _told(case: Case, right: ast.expr, done: str, words: list[str], begin: int, end: int) -> Diagnosis:
    held = _joined(_paired(words[begin:end]))
    if done == "late":
        return _closed_late(case, right, held, words, begin, end)
    error = {
        "more": f"brackets are missing round `{held}`",
        "less": f"the brackets round `{held}` do not belong there",
        "moved": f"these brackets have to hold `{held}`",
    }[done]
    told = _said(case, error, FIRST, _help(done, held), right, _between(case, words, begin, end), held)
    return replace(told, question="Of brackets") if done == "more" else told


def _closed_late(case: Case, right: ast.expr, held: str, words: list[str], begin: int, end: int) -> Diagnosis:
    """Of the bracket of a call: what stands behind its new place is done to what the function gives."""
    name, own = words[begin - 2], list(_paired_up_to(words, begin))
    return _said(
        case,
        f"the bracket of `{name}` has to close behind `{held}`",
        f"`{name}` is to be taken of `{held}` alone; `{' '.join(words[end : begin + len(own)])}` comes after it.",
        f"Let the bracket of `{name}` hold `{held}`, and nothing else.",
        right,
        _between(case, words, begin, begin + len(own)),
        held,
    )


def _paired_up_to(words: list[str], begin: int) -> Iterator[str]:
    """What the bracket holds that opens before the token `begin`."""
    depth = 1
    for word in words[begin:]:
        depth += (word in "([{") - (word in ")]}")
        if not depth:
            return
        yield word


def _help(done: str, held: str) -> str:
    return "Leave them out." if done == "less" else f"Let one pair of brackets hold `{held}`, and nothing else."


def _said(case: Case, error: str, note: str, help_: str, right: ast.expr, span: Span | None, held: str) -> Diagnosis:
    try:
        number = is_constant(case, ast.parse(held, mode="eval").body)
    except SyntaxError:
        number = False
    code = "wrong-scale" if number else "wrong-local-derivative"
    return case.proven(code, error=error, note=note, help=help_, span=span, fix=text(right))


def _paired(words: list[str]) -> list[str]:
    """Without a bracket that has no partner among them: it is the one that stands elsewhere now."""
    opened: list[int] = []
    lone: set[int] = set()
    for at, word in enumerate(words):
        if word in "([{":
            opened.append(at)
        elif word in ")]}":
            lone.update(() if opened else (at,))
            opened = opened[:-1]
    return [word for at, word in enumerate(words) if at not in lone.union(opened)]


def _joined(words: list[str]) -> str:
    """The tokens as a line of code is written."""
    line = " ".join(words)
    try:
        return text(ast.parse(line, mode="eval").body)
    except SyntaxError:
        return line


def _between(case: Case, words: list[str], begin: int, end: int) -> Span | None:
    """Where the tokens stand in the learner's line: from the first name or number among them to the last."""
    assert case.draft is not None
    leaves, named = list(_leaves(case.draft)), [at for at, word in enumerate(words) if _is_leaf(words, at)]
    inner = [leaf for leaf, at in zip(leaves, named, strict=True) if begin <= at < end] if len(leaves) == len(named) else []
    spans = [span for leaf in inner if (span := case.span(leaf)) is not None]
    if not spans or spans[0][0] != spans[-1][2]:
        return case.span()
    return (*spans[0][:2], *spans[-1][2:])


def _is_leaf(words: list[str], at: int) -> bool:
    word = words[at]
    attribute = at > 0 and words[at - 1] == "."
    keyword = at + 1 < len(words) and words[at + 1] == "=" and word.isidentifier()
    return not attribute and not keyword and (word.isidentifier() or word[0].isdigit() or word[0] in "'\"")


def _leaves(expression: ast.AST) -> Iterator[ast.expr]:
    if isinstance(expression, ast.Name | ast.Constant):
        yield expression
    for child in children(expression):
        yield from _leaves(child)


def _reaching_less(expression: ast.expr) -> Iterator[Edit]:
    """What stands behind the brackets done to the last term alone, or to the first: `a - b.sum(0)` for `(a - b).sum(0)`."""
    for part in parts(expression):
        base = _before(part)
        if isinstance(base, ast.BinOp) and isinstance(base.op, ast.Add | ast.Sub):
            for old, left in ((base.right, False), (base.left, True)):
                alone = put(part, base, old)
                new = ast.BinOp(alone, base.op, base.right) if left else ast.BinOp(base.left, base.op, alone)
                yield put(expression, part, ast.copy_location(new, part)), part


def _before(part: ast.expr) -> ast.expr | None:
    match part:
        case ast.Call(func=ast.Attribute(value=base)) | ast.Attribute(value=base, attr="T" | "mT"):
            return base
        case ast.BinOp(left=base, op=ast.Mult() | ast.Div() | ast.MatMult()):
            return base
    return None


def _reaches_too_far(case: Case, right: ast.expr, part: ast.expr) -> Diagnosis:
    base = _before(part)
    assert isinstance(base, ast.BinOp)
    alone = next(side for side in (base.right, base.left) if text(put(part, base, side)) in text(right))
    done = text(part).removeprefix(f"({text(base)})").strip()
    return _said(
        case,
        f"`{done}` is taken of all of `{short(base)}`",
        f"What stands behind a closing bracket is done to all that the brackets hold; here it is due to `{short(alone)}` alone.",
        f"Let the brackets before `{done}` hold `{short(alone)}`, and nothing else.",
        right,
        case.span(part),
        text(base),
    )
