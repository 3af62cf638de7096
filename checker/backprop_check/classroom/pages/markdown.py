"""Feedback as Markdown. What a learner wrote stands in code spans and fences longer than any run of backticks in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from backprop_check.classroom.pages.code import CodeLine, gutter
from backprop_check.classroom.pages.prose import clear, pieces
from backprop_check.classroom.pages.view import Cause, Part, Target, View, view

_RUN = re.compile("`+")
# What begins a list, a heading or a rule does so at the start only.
_SIGN = re.compile(r"(^\d+(?=[.)]))?((?(1)[.)]|(?:[\\`*_\[\]<>|~&$]|^[#+=-])))")
# Addresses, mentions and issue numbers become links on some sites wherever they stand, escaped or not, but not in code.
_LINK = re.compile(r"(\S*(?:[@#]|://|www\.)\S*)", re.IGNORECASE)


def markdown(student: str, parts: Sequence[Part]) -> str:
    """Return the feedback page of a student, one section a submission."""
    views = [view(part) for part in parts]
    return "\n\n".join(_page(student, views)) + "\n"


def _page(student: str, views: Sequence[View]) -> Iterator[str]:
    yield f"# Feedback for {code(student)}"
    if not views:
        yield "Nothing was handed in."
    if len(views) > 1:
        yield "\n".join(f"- {_named(shown)}: {prose(shown.points)}" for shown in views)
    for shown in views:
        yield f"## {_named(shown)}"
        yield f"**{prose(shown.points)}**" + (f" · {prose(shown.right)}" if shown.right else "") + f" · {code(shown.submission)}"
        yield from _paragraphs(*shown.happened[:1])
        if shown.message:
            yield f"The checker says: {prose(shown.message)}"
        yield from _paragraphs(*shown.happened[1:])
        for target in shown.targets:
            yield from _target(target)


def _named(shown: View) -> str:
    title = prose(shown.title.rstrip("."))
    return f"{code(shown.exercise)} {title}".rstrip() if shown.exercise else title or code(shown.submission)


def _target(target: Target) -> Iterator[str]:
    yield f"### {target.mark} {code(target.name)} is {target.verdict} · {code(target.shape)}".replace("is stopped", "stopped")
    if target.one_of:
        yield "One of:"
    for cause in target.causes:
        yield from _cause(cause, target.status)
    yield from _paragraphs(target.difference)


def _cause(cause: Cause, status: str) -> Iterator[str]:
    if status != "correct" and cause.rows:
        yield fence("\n".join(_code_lines(cause.rows)))
    if cause.error:
        yield f"**{prose(cause.error)}**"
    yield from _paragraphs(cause.note)
    if cause.help:
        yield f"**Help:** {prose(cause.help)}"
    if cause.code not in ("", "unrecognised"):
        yield f"More about this: {code(f'backprop-check explain {cause.code}')}"


def _code_lines(rows: Sequence[CodeLine]) -> Iterator[str]:
    for number, row in gutter(rows):
        yield f"{number} │ {row.before}{row.marked}{row.after}".rstrip()
        if row.marked:
            yield f"{'':{len(number)}} │ {' ' * cell_len(row.before)}{'^' * cell_len(row.marked)}"


def _paragraphs(*texts: str) -> Iterator[str]:
    yield from (prose(text) for text in texts if text)


def prose(text: str) -> str:
    """Return prose with its `code` kept, and with nothing else that Markdown would read as markup."""
    return "".join(code(part) if is_code else _escaped(part) for is_code, part in pieces(text))


def _escaped(text: str) -> str:
    return "".join(code(part) if i % 2 else _SIGN.sub(r"\1\\\2", part) for i, part in enumerate(_LINK.split(text)))


def code(text: str) -> str:
    """Return `text` as a code span."""
    shown = clear(text) or "?"
    ticks = "`" * (_longest(shown) + 1)
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}"


def fence(text: str) -> str:
    """Return `text`, whose lines are visible, as a fenced block."""
    ticks = "`" * max(3, _longest(text) + 1)
    return f"{ticks}text\n{text}\n{ticks}"


def _longest(text: str) -> int:
    return max((len(run) for run in _RUN.findall(text)), default=0)
