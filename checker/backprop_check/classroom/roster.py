"""Read a class list: a gradebook of Canvas, a worksheet of Moodle, GitHub Classroom's roster, or any CSV with names or ids."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

from backprop_check.classroom.columns import header_at, is_gradebook, roles, squeezed, worksheet
from backprop_check.errors import BadInput
from backprop_check.files import read_text

Kind = Literal["canvas", "moodle", "plain"]

_CANVAS = {"student", "id", "section"}
_NOT_STUDENTS = {"studenttest", "teststudent"}
_AND = re.compile(r"[+&]|[ _](?:and|und|et|y|e|og|och|en)[ _]", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
SHORTEST = 3
"""An id or login of fewer letters and digits is not looked for inside other names: `5` is in `hw 5`."""


@dataclass(frozen=True)
class Student:
    """One student. `label` is what results call them, and unique; `row` is in `Roster.rows`.

    `keys` are ids, logins and emails as `exact` gives them, and names as `squashed` does, which nothing but a name is compared with.
    `names` are the name's words, and `groups` what groups the student is in.
    """

    label: str
    keys: frozenset[str]
    row: int
    names: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Roster:
    """A class list. `rows` are all rows below the header, as in the file: Canvas's Points Possible is among them.

    `column` is where the marks go, if the teacher has said so.
    """

    kind: Kind
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    students: tuple[Student, ...]
    column: int | None = None

    def find(self, *keys: str) -> Student | None:
        """Return the student whom the first telling key means. A key that fits several tells nothing."""
        for key in keys:
            for form in (exact(key), squashed(key)):
                if student := self._index.get(form):
                    return student
        return None

    def find_all(self, *keys: str) -> tuple[Student, ...]:
        """Return the student whom a key means, or all of the group that it names."""
        if student := self.find(*keys):
            return (student,)
        for key in keys:
            if squeezed(key) in self._groups:
                return self._groups[squeezed(key)]
        return ()

    def meant(self, name: str) -> tuple[Student, ...]:
        """Return whom a name that people wrote means: a student, a group, or the one whose name, id or login is in it; of a pair, both."""
        if found := self.find_all(name):
            return found
        parts = [part for part in _AND.split(name) if part.strip()]
        if len(parts) > 1:
            each = [self.meant(part) for part in parts]
            return tuple(dict.fromkeys(student for found in each for student in found)) if all(len(found) == 1 for found in each) else ()
        words = [exact(word) for word in _WORD.findall(name)]
        starts = [(n, needle, s) for n, word in enumerate(words) for needle, s in self._needles.get(word, ())]
        by_key = {s for n, needle, s in starts if tuple(words[n : n + len(needle)]) == needle}
        return (*by_key,) if len(by_key) == 1 else () if by_key else self._named(words, False) or self._named(words, True)

    def _named(self, words: Sequence[str], folded: bool) -> tuple[Student, ...]:
        """Return the one student whose whole name is among `words`, or whose name they are a part of. `folded`: accents do not count."""
        held = {_folded(word) if folded else word for word in words}
        near = {s for word in held for s in self._by_word[folded].get(word, ())}
        names = {s: frozenset(map(_folded, s.names)) if folded else s.names for s in near}
        whole = [s for s in near if names[s] <= held]
        # Of Ada Lovelace and Ada Lovelace Smith, the one more of whom is there.
        whole = [s for s in whole if not any(names[s] < names[other] for other in whole)]
        found = whole or [s for s in near if len(held) > 1 and held <= names[s]]
        return (*found,) if len(found) == 1 else ()

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

    def strangers(self, students: Iterable[str]) -> tuple[str, ...]:
        """Return those of the results' `students` who are nobody's in the list, sorted."""
        return tuple(sorted({student for student in students if not self.members(student)}))

    @cached_property
    def _index(self) -> dict[str, Student | None]:
        index: dict[str, Student | None] = {}
        for student in self.students:
            for key in student.keys:
                index[key] = None if key in index else student
        for key in [key for key in index if "@" in key]:  # what stands before the @ is often a login
            login = key.partition("@")[0]
            index[login] = None if index.get(login, index[key]) is not index[key] else index[key]
        return index

    @cached_property
    def _groups(self) -> dict[str, tuple[Student, ...]]:
        groups: dict[str, tuple[Student, ...]] = defaultdict(tuple)
        for student in self.students:
            for name in student.groups:
                groups[name] += (student,)
        return dict(groups)

    @cached_property
    def _needles(self) -> dict[str, list[tuple[tuple[str, ...], Student]]]:
        """Ids, logins and addresses that only one student has, as words, by the first of them."""
        needles: dict[str, list[tuple[tuple[str, ...], Student]]] = defaultdict(list)
        for student in self.students:
            for key in student.keys:
                found = tuple(_WORD.findall(key)) if not key.startswith("name:") and "@" not in key else ()
                named = len(found) == 1 and found[0] in self._words  # a login `ada` is in every Ada's name
                if len("".join(found)) >= SHORTEST + key.isdigit() and not named and self._index[key] is student:
                    needles[found[0]].append((found, student))
        return dict(needles)

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(word for student in self.students for word in student.names)

    @cached_property
    def _by_word(self) -> dict[bool, dict[str, list[Student]]]:
        """Students whose names have several words, by each of them: as they are, and without accents."""
        words: dict[bool, dict[str, list[Student]]] = {False: defaultdict(list), True: defaultdict(list)}
        for student in self.students:
            for word in student.names if len(student.names) > 1 else ():
                words[False][word].append(student)
                words[True][_folded(word)].append(student)
        return words

    @cached_property
    def _labels(self) -> dict[str, Student]:
        return {student.label: student for student in self.students}


def joined(labels: Sequence[str]) -> str:
    """Return the one `student` that stands for a group: `A, B`, or with semicolons where a label has a comma of its own."""
    return ("; " if any("," in label for label in labels) else ", ").join(labels)


def exact(key: str) -> str:
    """Return an id, login or email in the form in which they are compared."""
    return unicodedata.normalize("NFKC", key).casefold().strip()


def _folded(word: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))


def squashed(name: str) -> str:
    """Return a name in the form in which they are compared: `Lovelace, Ada` is `name:lovelaceada`, as in the file names Canvas makes."""
    letters = squeezed(name)
    return f"name:{letters}" if letters else ""


def read_roster(path: Path) -> Roster:
    """Return the class list at `path`: CSV, parted by commas, semicolons or tabs. Raises `BadInput`."""
    text = read_text(path, "roster", ".csv").lstrip("\n")
    try:
        # The line that names the columns has most of them: above it there may be a title.
        first = max(text.split("\n", 6)[:6], key=lambda line: max(map(line.count, ",;\t")))
        delimiter = max(",;\t", key=re.sub(r'"[^"]*"', "", first).count)
        read = [tuple(row) for row in csv.reader(io.StringIO(text), delimiter=delimiter)]
    except csv.Error as error:
        raise BadInput(f"{path} is no CSV that can be read ({error}): export the roster again.") from None
    header, *rows = read[header_at(read) :]
    found = roles(header, [row for row in rows if any(cell.strip() for cell in row)])
    kind: Kind = "plain"
    if {squeezed(cell) for cell in header} >= _CANVAS or is_gradebook(header, rows):
        kind = "canvas"
    elif worksheet(header, [row for row in rows if any(row)]) or {squeezed(cell) for cell in header} >= {"identifier", "fullname"}:
        kind = "moodle"
    if not any(places for role, places in found.items() if role != "group"):
        told = ", ".join(repr(cell) for cell in header[:6])[:200]
        raise BadInput(f"{path} has no column for a name, id, login or email (its first line is {told}): name the columns there.")
    students = [s for n, row in enumerate(rows) if (s := _student(kind, found, row, n)) is not None]
    if not students:
        raise BadInput(f"{path} names no student: it has columns, but no row below them with a name or an id.")
    return Roster(kind, header, tuple(rows), _distinct(students))


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
    if kind == "canvas" and (not name or squeezed(name).startswith("pointspossible") or squeezed(name) in _NOT_STUDENTS or not surest):
        return None
    label = name or f"{first} {last}".strip() or next(iter(surest), "")
    if not label:
        return None
    keys = {exact(key) for key in surest} | {squashed(key) for key in (name, f"{first} {last}", f"{last} {first}")} | _turned(name)
    if kind == "moodle" and (digits := re.search(r"\d+$", next(iter(cells("id")), ""))):
        keys.add(f"participant {digits[0]}")  # sites in other languages write another word before the number
    words = frozenset(exact(word) for word in _WORD.findall(name or f"{first} {last}"))
    groups = frozenset(squeezed(part) for cell in cells("group") for part in (cell, *re.split("[,;]", cell))) - {""}
    return _Read(Student(label, frozenset(keys - {""}), number, words, groups), next(iter(surest), ""))


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
