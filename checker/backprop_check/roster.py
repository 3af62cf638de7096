"""Read a class list: a gradebook of Canvas, a worksheet of Moodle, GitHub Classroom's roster, or any CSV with names or ids."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

from backprop_check.errors import BadInput
from backprop_check.files import read_text

Kind = Literal["canvas", "moodle", "plain"]

# Column names without case, spaces and punctuation, in the order in which they are preferred.
_NAMES = ("name", "fullname", "student", "studentname", "displayname")
_FIRST = ("firstname", "first", "givenname", "forename")
_LAST = ("lastname", "last", "surname", "familyname")
_IDS = ("id", "identifier", "studentid", "studentnumber", "sid", "sisuserid", "sisid", "idnumber", "userid", "orgdefinedid")
_LOGINS = ("login", "loginid", "sisloginid", "username", "user", "netid", "githubusername", "githublogin", "github", "githubid")
_EMAILS = ("email", "emailaddress", "mail")
_CANVAS = {"student", "id", "section"}
_MOODLE = ({"identifier", "fullname"}, {"identifier", "maximumgrade"})
_NOT_STUDENTS = {"studenttest", "teststudent"}


@dataclass(frozen=True)
class Student:
    """One student. `label` is what results call them, and unique; `row` is in `Roster.rows`.

    `keys` are ids, logins and emails as `exact` gives them, and names as `squashed` does, which nothing but a name is compared with.
    """

    label: str
    keys: frozenset[str]
    row: int


@dataclass(frozen=True)
class Roster:
    """A class list. `rows` are all rows below the header, as in the file: Canvas's Points Possible is among them."""

    kind: Kind
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    students: tuple[Student, ...]

    def find(self, *keys: str) -> Student | None:
        """Return the student whom the first telling key means. A key that fits several tells nothing."""
        for key in keys:
            for form in (exact(key), squashed(key)):
                if student := self._index.get(form):
                    return student
        return None

    def members(self, student: str) -> tuple[Student, ...]:
        """Return the students whom a result's `student` names: one, all of a group (see `joined`), or none."""
        for labels in ([student], student.split("; "), student.split(", ")):
            if all(label in self._labels for label in labels):
                return tuple(self._labels[label] for label in labels)
        # A group of which some are not in the list.
        parts = student.split("; " if "; " in student else ", ")
        return tuple(self._labels[part] for part in parts if part in self._labels)

    def missing(self, students: Iterable[str]) -> tuple[str, ...]:
        """Return the labels of those who are named by none of the results' `students`, in the order of the file."""
        here = {member.label for student in set(students) for member in self.members(student)}
        return tuple(student.label for student in self.students if student.label not in here)

    @cached_property
    def _index(self) -> dict[str, Student | None]:
        index: dict[str, Student | None] = {}
        for student in self.students:
            for key in student.keys:
                index[key] = None if key in index else student
        return index

    @cached_property
    def _labels(self) -> dict[str, Student]:
        return {student.label: student for student in self.students}


def joined(labels: Sequence[str]) -> str:
    """Return the one `student` that stands for a group: `A, B`, or with semicolons where a label has a comma of its own."""
    return ("; " if any("," in label for label in labels) else ", ").join(labels)


def exact(key: str) -> str:
    """Return an id, login or email in the form in which they are compared."""
    return unicodedata.normalize("NFKC", key).casefold().strip()


def squashed(name: str) -> str:
    """Return a name in the form in which they are compared: `Lovelace, Ada` is `name:lovelaceada`, as in the file names Canvas makes."""
    letters = "".join(c for c in exact(name) if c.isalnum())
    return f"name:{letters}" if letters else ""


def _column(cell: str) -> str:
    return squashed(cell).removeprefix("name:")


def read_roster(path: Path) -> Roster:
    """Return the class list at `path`: CSV in UTF-8, parted by commas, semicolons or tabs. Raises `BadInput`."""
    text = read_text(path, "roster", ".csv").lstrip("\n")
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=re.sub(r'"[^"]*"', "", first).count)
    try:
        header, *rows = [tuple(row) for row in csv.reader(io.StringIO(text), delimiter=delimiter)]
    except csv.Error as error:
        raise BadInput(f"{path} is no CSV that can be read ({error}): export the roster again.") from None
    columns = _columns(header)
    kind: Kind = "plain"
    if columns.keys() >= _CANVAS:
        kind = "canvas"
    elif any(columns.keys() >= needed for needed in _MOODLE):
        kind = "moodle"
    if not columns.keys() & {*_NAMES, *_FIRST, *_LAST, *_IDS, *_LOGINS, *_EMAILS}:
        told = ", ".join(repr(cell) for cell in header[:6])[:200]
        raise BadInput(f"{path} has no column for a name, id, login or email (its first line is {told}): name the columns there.")
    found = [s for n, row in enumerate(rows) if (s := _student(kind, columns, row, n)) is not None]
    if not found:
        raise BadInput(f"{path} names no student: it has columns, but no row below them with a name or an id.")
    return Roster(kind, header, tuple(rows), _distinct(found))


@dataclass(frozen=True)
class _Read:
    """A row as read: a student whose label may be another's too, and what would tell them apart."""

    student: Student
    mark: str


def _columns(header: Sequence[str]) -> dict[str, int]:
    columns: dict[str, int] = {}
    for number, cell in enumerate(header):
        columns.setdefault(_column(cell), number)
    return columns


def _student(kind: Kind, columns: dict[str, int], row: tuple[str, ...], number: int) -> _Read | None:
    cells = {name: " ".join(row[place].split()) for name, place in columns.items() if place < len(row)}

    def all_of(names: Iterable[str]) -> list[str]:
        return [cells[name] for name in names if cells.get(name)]

    name = next(iter(all_of(_NAMES)), "")
    first, last = next(iter(all_of(_FIRST)), ""), next(iter(all_of(_LAST)), "")
    surest = [*all_of(_IDS), *all_of(_LOGINS), *all_of(_EMAILS)]
    if kind == "canvas" and (not name or _column(name).startswith("pointspossible") or _column(name) in _NOT_STUDENTS):
        return None
    label = name or f"{first} {last}".strip() or next(iter(surest), "")
    if not label:
        return None
    keys = {exact(key) for key in surest} | {squashed(key) for key in (name, f"{first} {last}", f"{last} {first}")} | _turned(name)
    if kind == "moodle" and (digits := re.search(r"\d+", cells.get("identifier", ""))):
        keys.add(f"participant {digits[0]}")  # sites in other languages write another word before the number
    return _Read(Student(label, frozenset(keys - {""}), number), next(iter(surest), ""))


def _turned(name: str) -> set[str]:
    """Return the keys of a name with its two halves exchanged: Last, First and First Last."""
    last, comma, first = name.partition(",")
    if not comma:
        first, _, last = name.rpartition(" ")
        return {squashed(last + first)}
    return {squashed(first + last)}


def _distinct(read: Sequence[_Read]) -> tuple[Student, ...]:
    """Make the labels unique: by id where two have the same name, by row (as often as it takes) where that does not do."""
    labels = _marked([r.student.label for r in read], [r.mark for r in read])
    while len({*labels}) < len(labels):
        labels = _marked(labels, [f"row {r.student.row + 2}" for r in read])
    return tuple(replace(r.student, label=label) for r, label in zip(read, labels, strict=True))


def _marked(labels: Sequence[str], marks: Sequence[str]) -> list[str]:
    counts = Counter(labels)
    return [f"{label} ({m})" if counts[label] > 1 and m not in ("", label) else label for label, m in zip(labels, marks, strict=True)]
