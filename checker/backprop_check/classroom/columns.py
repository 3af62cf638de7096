"""What the columns of a class list or a gradebook hold: by their names, and by what stands in them where names are another language's."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from backprop_check.classroom.headings import KNOWN

Row = Sequence[str]

_NUMBERED = re.compile(r"(\D*\D)(\d+)")
_ASSIGNMENT = re.compile(r"\(\d+\)\s*$")
_DATE = re.compile(r"\d.*\d{1,2}[:.]\d\d")
_LISTED = re.compile(r"\s*\d+[.)]\s+")
_SEARCHED = 6
_ALL = {name for names in KNOWN.values() for name in names}
_CONTENTS: dict[str, Callable[[str], bool]] = {
    "email": lambda cell: "@" in cell,
    "id": lambda cell: any(map(str.isdigit, cell)) and " " not in cell,
    "name": lambda cell: any(map(str.isalpha, cell)) and not any(map(str.isdigit, cell)),
}


def squeezed(cell: str) -> str:
    """Return a text without case, spaces and punctuation."""
    return "".join(c for c in unicodedata.normalize("NFKC", cell).casefold() if c.isalnum())


def _headings(cell: str) -> tuple[str, str]:
    """Return what a column may be called: all of its title, and what stands before a remark."""
    return squeezed(cell), squeezed(re.split(r"[(\[:/\n]", cell.strip())[0])


def header_at(rows: Sequence[Row]) -> int:
    """Return which row names the columns: Sakai puts a title and an empty line above it."""
    return next((at for at, row in enumerate(rows[:_SEARCHED]) if sum(not _ALL.isdisjoint(_headings(cell)) for cell in row) > (at > 0)), 0)


def is_header(row: Row, rows: Sequence[Row]) -> bool:
    """Say whether a row names the columns of those below it, by a word that is known or as the list of a platform does."""
    filled = [each for each in rows if any(each)]
    return any(not _ALL.isdisjoint(_headings(cell)) for cell in row) or is_gradebook(row, rows) or worksheet(row, filled) is not None


def roles(header: Row, rows: Sequence[Row]) -> dict[str, list[int]]:
    """Return the columns of each kind, the preferred one first."""
    at: dict[str, int] = {}
    for number, cell in enumerate(header):
        for name in _headings(cell):
            at.setdefault(name, number)
    found = {role: [at[name] for name in names if name in at] for role, names in KNOWN.items()}
    found["email"] += [n for n in range(len(header)) if n not in found["email"] and _all(rows, n, lambda cell: "@" in cell)]
    sheet = worksheet(header, rows)
    if sheet is not None:
        found["id"] = [sheet.identifier] + [n for n in found["id"] if n != sheet.identifier]
        if not found["name"] and "identifier" not in at and _are_names(rows, sheet.identifier + 1, sheet.grade):
            found["name"] = [sheet.identifier + 1]
    elif not found["name"] and is_gradebook(header, rows):
        found["name"], found["id"] = [0], [*found["id"], *([1] if 1 not in found["id"] else [])]
    elif found["first"] and not found["last"]:  # Name, Vorname
        alone = [n for n in found["name"] if not all(_cell(row, found["first"][0]).casefold() in _cell(row, n).casefold() for row in rows)]
        found["last"], found["name"] = alone, [n for n in found["name"] if n not in alone]
    return found


def told(rows: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], list[tuple[str, ...]], dict[str, list[int]]]:
    """Return the header, the rows below it and the columns of each kind of a list whose header tells none, by what stands in them.

    The first row is a student too where it holds what the others hold.
    """
    rows = _whole_names(rows)
    filled = [row for row in rows if any(map(str.strip, row))]
    first, *others = filled or [()]
    below = others or [first]
    found: dict[str, list[int]] = {role: [] for role in KNOWN}
    for column in range(max(map(len, filled), default=0)):
        kind = next((kind for kind, fits in _CONTENTS.items() if _all(below, column, fits)), None)
        if kind is not None and 2 * len({_cell(row, column) for row in below}) > len(below):  # not the section each is in
            found[kind].append(column)
    sure = [(kind, column) for kind in ("email", "id") for column in found[kind]]
    full = [column for column in found["name"] if all(" " in _cell(row, column) for row in below)]
    if sure or len(found["name"]) > 1:  # one word in each row may be anything, a login or a colour; two beside a number are a name
        found["name"] = full[:1] or (found["name"][:2] if sure and len(found["name"]) > 1 else [])
    if sure:
        heads = bool(others) and not any(_CONTENTS[kind](_cell(first, column)) for kind, column in sure)
    else:
        heads = bool(others) and bool(full) and " " not in _cell(first, full[0])
    if len(found["name"]) > 1:
        found["first"], found["last"], found["name"] = found["name"][:1], found["name"][1:], []
    return (first, list(rows[list(rows).index(first) + 1 :]), found) if heads else (("",) * len(first), list(rows), found)


def _whole_names(rows: Sequence[tuple[str, ...]]) -> Sequence[tuple[str, ...]]:
    """Return rows whose first cell is a name as people list them: `1. Ada Lovelace`, or `Lovelace, Ada` whose comma parts no columns."""
    filled = [row for row in rows if any(map(str.strip, row))]
    if all(len(row) == 2 and row[1].startswith(" ") for row in filled):
        rows = [(",".join(row),) for row in rows]
    if all(_LISTED.match(row[0] if row else "") for row in filled):
        rows = [(_LISTED.sub("", row[0]), *row[1:]) if row else row for row in rows]
    return rows


@dataclass(frozen=True)
class Worksheet:
    """Where Moodle's grading worksheet has what is read and written. Columns that it lacks are None."""

    identifier: int
    grade: int
    maximum: int | None
    locked: int | None
    comments: int | None


def worksheet(header: Row, rows: Sequence[Row]) -> Worksheet | None:
    """Find the columns of Moodle's worksheet, by their English names or else by their order and what stands in them.

    Moodle names them in the language of who downloads it, and always puts the grade left of the maximum.
    """
    at = {squeezed(cell): number for number, cell in reversed(list(enumerate(header)))}
    if "identifier" in at and ("fullname" in at or "maximumgrade" in at):
        if "grade" not in at:
            return None
        return Worksheet(at["identifier"], at["grade"], at.get("maximumgrade"), at.get("gradecanbechanged"), at.get("feedbackcomments"))
    if not _are_participants(rows):
        return None
    for maximum in range(len(header) - 2, 1, -1):
        values, grades = {_cell(row, maximum) for row in rows}, {_cell(row, maximum - 1) for row in rows} - {"", "-"}
        locked = next((n for n in (maximum + 1, maximum + 2) if _are_answers(rows, n)), None)
        if len(values) == 1 and all(map(_is_number, values | grades)) and locked is not None:
            return Worksheet(0, maximum - 1, maximum, locked, _comments(header, rows, locked))
    return None


def is_gradebook(header: Row, rows: Sequence[Row]) -> bool:
    """Say whether this is Canvas's gradebook: columns with an assignment's number, and a row of points that is no student's."""
    numbered = [n for n, cell in enumerate(header) if _ASSIGNMENT.search(cell)]
    return bool(numbered) and len(header) > 4 and points_at(header, rows) is not None


def points_at(header: Row, rows: Sequence[Row]) -> int | None:
    """Return which row tells the points possible: it has numbers where assignments are, and no id."""
    numbered = [n for n, cell in enumerate(header) if _ASSIGNMENT.search(cell)]
    for at, row in enumerate(rows[:_SEARCHED]):
        name = _cell(row, 0)
        if squeezed(name) == "pointspossible" or (not _cell(row, 1) and name and any(_is_number(_cell(row, n)) for n in numbered)):
            return at
    return None


def _comments(header: Row, rows: Sequence[Row], locked: int) -> int | None:
    """Return the last column if it is one of comments: behind it stands nothing, before it the date of the last change."""
    last = len(header) - 1
    cells = [cell for row in rows if (cell := _cell(row, last))]
    dates = bool(cells) and all(cell == "-" or _DATE.search(cell) for cell in cells)
    return last if last > locked + 1 and not dates else None


def _are_answers(rows: Sequence[Row], column: int) -> bool:
    """Say whether a column holds a word in all rows, and at most two different ones: yes and no."""
    values = {_cell(row, column) for row in rows}
    return len(values) <= 2 and all(value.isalpha() for value in values)


def _all(rows: Sequence[Row], column: int, holds: Callable[[str], bool]) -> bool:
    cells = [cell for row in rows if (cell := _cell(row, column))]
    return bool(cells) and all(map(holds, cells))


def _cell(row: Row, column: int) -> str:
    return row[column].strip() if column < len(row) else ""


def _are_names(rows: Sequence[Row], column: int, grade: int) -> bool:
    """Say whether a column left of the grade holds names. Where marking is anonymous there are none, and the state of each stands first."""
    cells = [_cell(row, column) for row in rows]
    repeated = len(cells) > 2 and 2 * len({*cells}) <= len(cells)
    return column < grade - 1 and not repeated and not _all(rows, column, lambda cell: "@" in cell or cell == "-")


def _are_participants(rows: Sequence[Row]) -> bool:
    """Say whether the first column holds the same word with a number in all rows: Participant 1, Teilnehmer/in2."""
    found = [_NUMBERED.fullmatch(_cell(row, 0)) for row in rows]
    return bool(found) and all(found) and len({match[1] for match in found if match}) == 1


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\d+(?:[.,]\d+)?", text) is not None
