"""Lay out text for a terminal: make it visible, wrap it, put a caret under a part of a line. Values in, lines out; nothing is printed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from checker.records import Span

MOST_LINES = 6
INDENT = 3
_SHAPE = r"\([\w·,+ -]{1,24}\)"
_WHOLE = re.compile(rf"`[^`]*`|{_SHAPE} = {_SHAPE}|{_SHAPE}")


@dataclass(frozen=True)
class Row:
    """A line to show, already visible, with the cells [start, end) that want a caret (none when they are equal)."""

    number: int
    code: str
    start: int = 0
    end: int = 0


def visible(text: str) -> str:
    """Return `text` with tabs as four spaces and whatever would move the cursor, hide or reorder text as an escape (`\\x1b`)."""
    return "".join(c if c.isprintable() else "    " if c == "\t" else _escaped(c) for c in text)


def wrap(text: str, width: int) -> list[str]:
    """Break `text` at spaces into lines of at most `width` cells; a longer word keeps its line to itself."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in _words(visible(paragraph)):
            if line and cell_len(line) + 1 + cell_len(word) > width:
                lines.append(line)
                line = word
            else:
                line = f"{line} {word}" if line else word
        lines.append(line)
    return lines


def _words(text: str) -> list[str]:
    """Split at spaces, but keep shapes and short pieces of code whole."""
    kept = _WHOLE.sub(lambda found: found[0] if len(found[0]) > 32 else found[0].replace(" ", "\0"), text)
    return [word.replace("\0", " ") for word in kept.split()]


def prose(text: str, width: int, indent: int = INDENT, style: str = "") -> Iterator[Text]:
    """Yield `text` wrapped and indented."""
    for line in wrap(text, max(20, width - indent)):
        yield Text(" " * indent + line, style=style)


def excerpt(lines: Sequence[str], first: int, last: int, span: Span | None, error: str, width: int) -> Iterator[Text]:
    """Yield the lines `first` to `last` (from 1) with their numbers, carets under `span`, and `error` behind the last caret or below it."""
    rows = _rows(lines, first, last, span)
    digits = len(str(rows[-1].number))
    said = False
    for row in rows:
        for number, code, start, end in _folds(row, max(16, width - INDENT - digits - 3)):
            yield _gutter(number, digits).append(code)
            if end > start:
                caret = _gutter("", digits).append(" " * start + "^" * (end - start), style="bold red")
                said = row.end <= row.start + (end - start) and row is _last_marked(rows) and cell_len(f"{caret.plain} {error}") <= width
                yield caret.append(f" {error}", style="red") if said and error else caret
    if error and not said:
        for line in wrap(error, max(20, width - INDENT - digits - 3)):
            yield _gutter("", digits).append(line, style="red")


def _rows(lines: Sequence[str], first: int, last: int, span: Span | None) -> list[Row]:
    shown = [(n, lines[n - 1] if n <= len(lines) else "") for n in range(first, min(last, first + MOST_LINES - 1) + 1)]
    dedent = min((cell_len(visible(line[: len(line) - len(line.lstrip())])) for _, line in shown if line.strip()), default=0)
    rows = []
    for number, line in shown:
        start, end = _columns(line, number, span)
        cells = [max(0, cell_len(visible(line[:column])) - dedent) for column in (start, end)]
        marked = span is not None and span[0] <= number <= span[2]
        # A span of no width still marks a place: what is missing there.
        rows.append(Row(number, visible(line)[dedent:].rstrip(), cells[0], max(cells[1], cells[0] + 1) if marked else cells[0]))
    return rows


def _columns(line: str, number: int, span: Span | None) -> tuple[int, int]:
    if span is None or not span[0] <= number <= span[2]:
        return 0, 0
    start = span[1] if number == span[0] else len(line) - len(line.lstrip())
    return start, span[3] if number == span[2] else len(line.rstrip())


def _folds(row: Row, width: int) -> Iterator[tuple[str, str, int, int]]:
    """Break a row that is too wide: the number stands at the first piece, the carets under the pieces they belong to."""
    pieces, piece, at = [], "", 0
    for character in row.code:
        if cell_len(piece + character) > width:
            pieces.append(piece)
            piece = ""
        piece += character
    for i, code in enumerate([*pieces, piece]):
        size = cell_len(code)
        room = size + (1 if i == len(pieces) else 0)
        start, end = max(row.start - at, 0), min(row.end - at, room)
        yield str(row.number) if i == 0 else "", code, start, max(start, end)
        at += size


def _last_marked(rows: Sequence[Row]) -> Row:
    return [row for row in rows if row.end > row.start][-1]


def _gutter(number: str, digits: int) -> Text:
    return Text.assemble((f"{'':{INDENT}}{number:>{digits}} │ ", "dim"))


def _escaped(character: str) -> str:
    code = ord(character)
    if unicodedata.category(character) == "Zs":
        return " "
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
