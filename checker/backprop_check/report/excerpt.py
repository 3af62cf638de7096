"""Lines of a file with carets under parts of them, laid out for a terminal. Values in, lines out; nothing is printed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from backprop_check.records import Span
from backprop_check.report.layout import INDENT, visible, wrap

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
        for number, code, carets in _folds(row, room):
            yield _gutter(number, digits).append(code)
            for which, start, end, whole in carets:
                mark = marks[which]
                caret = _gutter("", digits).append(" " * start + "^" * (end - start), style=f"bold {mark.style}")
                text = mark.text if whole and row is ends[which] else ""
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


def _folds(row: _Row, width: int) -> Iterator[tuple[str, str, list[tuple[int, int, int, bool]]]]:
    """Break a row that is too wide: the number stands at the first piece, the carets under the pieces they belong to.

    A caret comes with whether it ends in its piece.
    """
    pieces, piece, at = [], "", 0
    for character in row.code:
        if cell_len(piece + character) > width:
            pieces.append(piece)
            piece = ""
        piece += character
    for i, code in enumerate([*pieces, piece]):
        size = cell_len(code)
        room = size + (1 if i == len(pieces) else 0)
        carets = []
        for which, left, right in row.carets:
            start, end = max(left - at, 0), min(right - at, room)
            if end > start:
                carets.append((which, start, end, right - at <= end or i == len(pieces)))
        yield str(row.number) if i == 0 else "", code, carets
        at += size


def _gutter(number: str, digits: int) -> Text:
    return Text.assemble((f"{'':{INDENT}}{number:>{digits}} │ ", "dim"))
