"""Read a class list: a gradebook of Canvas, a worksheet of Moodle, GitHub Classroom's roster, or any list with names or ids."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from backprop_check.classroom.columns import header_at, is_gradebook, is_header, roles, squeezed, told, worksheet
from backprop_check.classroom.naming import name_words
from backprop_check.classroom.roster import Kind, Roster, Student, exact, squashed
from backprop_check.classroom.sheet import read_sheet
from backprop_check.errors import BadInput

_CANVAS = {"student", "id", "section"}
_NOT_STUDENTS = {"studenttest", "teststudent"}
_ADDRESS = re.compile(r"(.*?)\s*<([^<>\s]+@[^<>\s]+)>")


def read_roster(path: Path) -> Roster:
    """Return the class list at `path`, as `read_sheet` reads it. Raises `BadInput`."""
    read, guessed = read_sheet(path)
    header, *rows = read[header_at(read) :]
    found = roles(header, [row for row in rows if any(cell.strip() for cell in row)])
    if not _tells(found) or not is_header(header, rows):
        header, rows, found = told(read)
    kind: Kind = "plain"
    if {squeezed(cell) for cell in header} >= _CANVAS or is_gradebook(header, rows):
        kind = "canvas"
    elif worksheet(header, [row for row in rows if any(row)]) or {squeezed(cell) for cell in header} >= {"identifier", "fullname"}:
        kind = "moodle"
    if not _tells(found):
        cells = ", ".join(repr(cell) for cell in read[0][:6])[:200]
        raise BadInput(f"{path} has no column for a name, id, login or email (its first line is {cells}): name the columns there.")
    students = [s for n, row in enumerate(rows) if (s := _student(kind, found, row, n)) is not None]
    if not students:
        raise BadInput(f"{path} names no student: it has columns, but no row below them with a name or an id.")
    return Roster(kind, tuple(header), tuple(map(tuple, rows)), _distinct(_once(students)), guessed=guessed)


def _tells(found: dict[str, list[int]]) -> bool:
    return any(places for role, places in found.items() if role != "group")


@dataclass(frozen=True)
class _Read:
    """A row as read: a student whose label may be another's too, and what would tell them apart."""

    student: Student
    mark: str


def _student(kind: Kind, places: dict[str, list[int]], row: tuple[str, ...], number: int) -> _Read | None:
    def cells(role: str) -> list[str]:
        return [cell for n in places[role] if n < len(row) and (cell := " ".join(row[n].split()))]

    name, first, last = (next(iter(cells(role)), "") for role in ("name", "first", "last"))
    surest = [cell.removeprefix("#") for role in ("id", "login", "email") for cell in cells(role)]  # Brightspace writes #123
    for cell in (name, *surest):
        if whole := _ADDRESS.fullmatch(cell):  # Ada Lovelace <ada@example.org>
            name, surest = whole[1].strip('" ') or name, [whole[2], *(each for each in surest if each != cell)]
    if kind == "canvas" and (not name or squeezed(name).startswith("pointspossible") or squeezed(name) in _NOT_STUDENTS or not surest):
        return None
    label = name or f"{first} {last}".strip() or next(iter(surest), "")
    if not label:
        return None
    keys = {exact(key) for key in surest} | {squashed(key) for key in (name, f"{first} {last}", f"{last} {first}")} | _turned(name)
    if kind == "moodle" and (digits := re.search(r"\d+$", next(iter(cells("id")), ""))):
        keys.add(f"participant {digits[0]}")  # sites in other languages write another word before the number
    words = name_words(name or f"{first} {last}")
    surname = name_words(last or name.partition(",")[0])[-1:] or [""]
    groups = frozenset(squeezed(part) for cell in cells("group") for part in (cell, *re.split("[,;]", cell))) - {""}
    return _Read(Student(label, frozenset(keys - {""}), number, frozenset(words), groups, surname[0]), next(iter(surest), ""))


def _once(read: Sequence[_Read]) -> list[_Read]:
    """Leave out rows that name a student again: the same name with the same id."""
    seen: dict[tuple[str, frozenset[str]], _Read] = {}
    for number, each in enumerate(read):
        key = (each.student.label, each.student.keys) if each.mark not in ("", each.student.label) else (f"\n{number}", each.student.keys)
        before = seen.setdefault(key, each)
        seen[key] = replace(before, student=replace(before.student, groups=before.student.groups | each.student.groups))
    return list(seen.values())


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
