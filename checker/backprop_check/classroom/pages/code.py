"""Lines of the learner's code with a part of them marked. Values in, rows out; every text is visible and of bounded length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from backprop_check.classroom.pages.prose import clear

MOST_LINES = 6
_AROUND = 120


@dataclass(frozen=True)
class CodeLine:
    """A line in three parts, of which the middle one is marked (empty where nothing is). `number` is None where it cannot be told."""

    number: int | None
    before: str
    marked: str = ""
    after: str = ""


def rows(lines: Sequence[str] | None, line: int | None, source: str, span: Sequence[int] | None) -> tuple[CodeLine, ...]:
    """Return the rows of a place: the lines of `span`, with the rest of a short statement; without a span those of `line`.

    `source` is the statement at `line`, and all there is to show when `lines` is None or is not the text it was taken from.
    """
    first, last = (span[0], span[2]) if span is not None else (line, line)
    if lines is None or first is None or last is None or not 1 <= first <= last <= len(lines):
        return tuple(CodeLine(line if i == 0 else None, _cut(text)) for i, text in enumerate(source.split("\n")[:MOST_LINES]) if source)
    first, last = _whole(lines, first, last, line, source)
    shown = range(first, min(last, first + MOST_LINES - 1) + 1)
    dedent = min((len(lines[n - 1]) - len(lines[n - 1].lstrip()) for n in shown if lines[n - 1].strip()), default=0)
    return tuple(_row(lines[n - 1], n, span, dedent) for n in shown)


def _whole(lines: Sequence[str], first: int, last: int, line: int | None, source: str) -> tuple[int, int]:
    head, *rest = source.split("\n")
    if line is not None and line <= first and last <= line + len(rest) < line + 4 and head in lines[line - 1]:
        return line, min(line + len(rest), len(lines))
    return first, last


def _row(text: str, number: int, span: Sequence[int] | None, dedent: int) -> CodeLine:
    if span is None or not span[0] <= number <= span[2]:
        return CodeLine(number, _cut(text[dedent:].rstrip()))
    start = span[1] if number == span[0] else len(text) - len(text.lstrip())
    # A span of no width still marks a place: what is missing there.
    end = max(span[3] if number == span[2] else len(text.rstrip()), start + 1)
    return CodeLine(number, _cut(text[dedent:start], tail=True), _cut(text[start:end] or " "), _cut(text[end:].rstrip()))


def _cut(text: str, tail: bool = False) -> str:
    if len(text) > _AROUND:
        text = "…" + text[-_AROUND:] if tail else text[:_AROUND] + "…"
    return clear(text)


def gutter(shown: Sequence[CodeLine]) -> Iterator[tuple[str, CodeLine]]:
    """Yield each row with its number as text, all of one width."""
    width = max((len(str(row.number)) for row in shown if row.number is not None), default=0)
    yield from ((f"{'' if row.number is None else row.number:>{width}}", row) for row in shown)
