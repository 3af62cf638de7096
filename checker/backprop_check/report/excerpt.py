"""Lines of a file with carets under parts of them, laid out for a terminal. Values in, lines out; nothing is printed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from backprop_check.records import Span
from backprop_check.report.layout import CUT, INDENT, visible, wrap

MOST_LINES = 6


@dataclass(frozen=True)
class Mark:
    """What is said of a part of the text, with carets under it; without a span, below the lines."""

    span: Span | None
    text: str
    style: str = "red"


@dataclass(frozen=True)
class _Row:
    """A line to show, already visible, with the cells [start, end) of each mark that wants a caret in it."""

    number: int
    code: str
    carets: tuple[tuple[int, int, int], ...]


def excerpt(lines: Sequence[str], first: int, last: int, span: Span | None, error: str, width: int) -> Iterator[Text]:
    """Yield the lines `first` to `last` (from 1) with their numbers, carets under `span`, and `error` behind the last caret or below it."""
    yield from marked(lines, first, last, [Mark(span, error)], width)


def marked(lines: Sequence[str], first: int, last: int, marks: Sequence[Mark], width: int, digits: int = 0) -> Iterator[Text]:
    """Yield the lines with carets under all of `marks`, each with its text. Line numbers take at least `digits` cells."""
    rows = _rows(lines, first, last, marks)
    digits = max(digits, len(str(rows[-1].number)))
    room = max(16, width - INDENT - digits - 3)
    ends = {which: row for row in rows for which, _, _ in row.carets}
    said: set[int] = set()
    for row in rows:
        for number, code, carets in _cut(row, room):
            yield _gutter(number, digits).append(code)
            for which, start, end in carets:
                mark = marks[which]
                caret = _gutter("", digits).append(" " * start + "^" * (end - start), style=f"bold {mark.style}")
                text = mark.text if row is ends[which] else ""
                fits = cell_len(f"{caret.plain} {text}") <= width
                yield caret.append(f" {text}", style=mark.style) if text and fits else caret
                if text:
                    said.add(which)
                    yield from () if fits else _below(mark, digits, room)
    for which, mark in enumerate(marks):
        if which not in said:
            yield from _below(mark, digits, room)


def _below(mark: Mark, digits: int, room: int) -> Iterator[Text]:
    for line in wrap(mark.text, max(20, room)) if mark.text else ():
        yield _gutter("", digits).append(line, style=mark.style)


def _rows(lines: Sequence[str], first: int, last: int, marks: Sequence[Mark]) -> list[_Row]:
    shown = [(n, lines[n - 1] if n <= len(lines) else "") for n in range(first, min(last, first + MOST_LINES - 1) + 1)]
    dedent = min((cell_len(visible(line[: len(line) - len(line.lstrip())])) for _, line in shown if line.strip()), default=0)
    return [
        _Row(
            number,
            visible(line)[dedent:].rstrip(),
            tuple((which, *_cells(line, number, mark.span, dedent)) for which, mark in enumerate(marks) if _is_in(number, mark.span)),
        )
        for number, line in shown
    ]


def _is_in(number: int, span: Span | None) -> bool:
    return span is not None and span[0] <= number <= span[2]


def _cells(line: str, number: int, span: Span | None, dedent: int) -> tuple[int, int]:
    assert span is not None
    start = span[1] if number == span[0] else len(line) - len(line.lstrip())
    end = span[3] if number == span[2] else len(line.rstrip())
    left, right = (max(0, cell_len(visible(line[:column])) - dedent) for column in (start, end))
    # A span of no width still marks a place: what is missing there.
    return left, max(right, left + 1)


def _cut(row: _Row, room: int) -> Iterator[tuple[str, str, list[tuple[int, int, int]]]]:
    """Cut a row that is too wide to what its carets are about: into one piece where it holds them all, else into one for each caret."""
    size = cell_len(row.code)
    if size <= room:
        yield str(row.number), row.code, list(row.carets)
        return
    left, right = min((c[1] for c in row.carets), default=0), max((c[2] for c in row.carets), default=0)
    together = right - left <= room - 2 * len(CUT)
    for i, carets in enumerate([list(row.carets)] if together else [[caret] for caret in row.carets]):
        code, first, last = _window(row.code, carets[0][1] if carets else 0, max((c[2] for c in carets), default=0), room)
        shift = len(CUT) - first if first else 0
        inside = [(which, max(start, first) + shift, min(end, last) + shift) for which, start, end in carets]
        yield str(row.number) if i == 0 else "", code, inside


def _window(code: str, left: int, right: int, room: int) -> tuple[str, int, int]:
    """Return at most `room` cells of `code` that show [left, right) as far as it fits, and which cells of it they are."""
    size = cell_len(code)
    if right <= room - len(CUT):
        first, last = 0, room - len(CUT)
    elif left >= size - (room - len(CUT)):
        first, last = size - (room - len(CUT)), size
    else:
        inner = room - 2 * len(CUT)
        first = max(1, left - max(0, inner - (right - left)) // 2)
        last = first + inner
    at, shown, begin = 0, "", None
    for character in code:
        cells = cell_len(character)
        if at >= first and at + cells <= last:
            begin = at if begin is None else begin
            shown += character
        at += cells
    begin = first if begin is None else begin
    # A caret may stand behind the last cell: something is missing there.
    return (CUT if begin else "") + shown + (CUT if last < size else ""), begin, last + 1 if last == size else last


def _gutter(number: str, digits: int) -> Text:
    return Text.assemble((f"{'':{INDENT}}{number:>{digits}} │ ", "dim"))
