"""What the columns of a class list or a gradebook hold: by their names, and by what stands in them where names are another language's."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Row = Sequence[str]

# Column names without case, spaces and punctuation, in the order in which they are preferred.
KNOWN: dict[str, tuple[str, ...]] = {
    "name": (
        *("name", "fullname", "student", "studentname", "displayname", "vollständigername", "nomcomplet", "nombrecompleto", "nomecompleto"),
        *("volledigenaam",),
    ),
    "first": ("firstname", "first", "givenname", "forename", "vorname", "prénom", "nombre", "nome", "voornaam"),
    "last": (
        *("lastname", "last", "surname", "familyname", "nachname", "nom", "nomdefamille", "apellido", "apellidos", "cognome"),
        *("achternaam",),
    ),
    "id": (
        *("id", "identifier", "studentid", "studentnumber", "sid", "sisuserid", "sisid", "idnumber", "userid", "orgdefinedid", "displayid"),
        *("matrikelnummer", "matriculationnumber", "matrikelnr", "matricola", "numéroétudiant", "studentnummer"),
    ),
    "login": ("login", "loginid", "sisloginid", "username", "user", "netid", "githubusername", "githublogin", "github", "githubid"),
    "email": ("email", "emailaddress", "mail", "emailadresse"),
    "group": ("group", "groupname", "groups", "team", "teamname", "gruppe", "groupe", "grupo", "gruppo", "groep"),
}  # fmt: skip
_NUMBERED = re.compile(r"(\D*\D)(\d+)")
_ASSIGNMENT = re.compile(r"\(\d+\)\s*$")
_DATE = re.compile(r"\d.*\d{1,2}[:.]\d\d")
_SEARCHED = 6


def squeezed(cell: str) -> str:
    """Return a text without case, spaces and punctuation."""
    return "".join(c for c in unicodedata.normalize("NFKC", cell).casefold() if c.isalnum())


def header_at(rows: Sequence[Row]) -> int:
    """Return which row names the columns: Sakai puts a title and an empty line above it."""
    known = {name for names in KNOWN.values() for name in names}
    return next((at for at, row in enumerate(rows[:_SEARCHED]) if sum(squeezed(cell) in known for cell in row) > (at > 0)), 0)


def roles(header: Row, rows: Sequence[Row]) -> dict[str, list[int]]:
    """Return the columns of each kind, the preferred one first."""
    at: dict[str, int] = {}
    for number, cell in enumerate(header):
        at.setdefault(squeezed(cell), number)
    found = {role: [at[name] for name in names if name in at] for role, names in KNOWN.items()}
    if not found["email"]:
        found["email"] = [n for n in range(len(header)) if _all(rows, n, lambda cell: "@" in cell)][:1]
    sheet = worksheet(header, rows)
    if sheet is not None:
        found["id"] = [sheet.identifier] + [n for n in found["id"] if n != sheet.identifier]
        if not found["name"] and not _all(rows, sheet.identifier + 1, lambda cell: "@" in cell or cell == "-"):
            found["name"] = [sheet.identifier + 1] if sheet.identifier + 1 < sheet.grade else []
    elif not found["name"] and is_gradebook(header, rows):
        found["name"], found["id"] = [0], [*found["id"], *([1] if 1 not in found["id"] else [])]
    return found


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


def _are_participants(rows: Sequence[Row]) -> bool:
    """Say whether the first column holds the same word with a number in all rows: Participant 1, Teilnehmer/in2."""
    found = [_NUMBERED.fullmatch(_cell(row, 0)) for row in rows]
    return bool(found) and all(found) and len({match[1] for match in found if match}) == 1


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\d+(?:[.,]\d+)?", text) is not None
