"""A class list, and whom of it a name means, as platforms, teachers and students write names."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Literal

from backprop_check.classroom.columns import squeezed
from backprop_check.classroom.naming import FORMS, apart, in_ascii, name_words, telling, without_dates

Kind = Literal["canvas", "moodle", "plain"]

_GROUP = re.compile(r"^\s*(?:group|team|gruppe|groupe|equipe|équipe|grupo|equipo|gruppo|groep|группа)[\s_#-]*", re.IGNORECASE)
_AND = re.compile(r"[+&]|[ _](?:and|und|et|y|e|og|och|en)[ _]", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
SHORTEST = 3
"""An id or login of fewer letters and digits is not looked for inside other names: `5` is in `hw 5`."""


@dataclass(frozen=True)
class Student:
    """One student. `label` is what results call them, and unique; `row` is in `Roster.rows`.

    `keys` are ids, logins and emails as `exact` gives them, and names as `squashed` does, which nothing but a name is compared with.
    `names` are the name's words, `surname` the last of them that is one, and `groups` what groups the student is in.
    """

    label: str
    keys: frozenset[str]
    row: int
    names: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    surname: str = ""


@dataclass(frozen=True)
class Roster:
    """A class list. `rows` are all rows below the header, as in the file: Canvas's Points Possible is among them.

    `column` is where the marks go, if the teacher has said so; `guessed` in which encoding the list was read, where nothing says it.
    """

    kind: Kind
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    students: tuple[Student, ...]
    column: int | None = None
    guessed: str = ""

    def find(self, *keys: str) -> Student | None:
        """Return the student whom the first telling key means. A key that fits several tells nothing."""
        for key in keys:
            for form in (exact(key), squashed(key), _zeroless(key), f"ascii:{in_ascii(squashed(key))}"):
                if student := self._index.get(form):
                    return student
        return None

    def find_all(self, *keys: str) -> tuple[Student, ...]:
        """Return the student whom a key means, or all of the group that it names."""
        if student := self.find(*keys):
            return (student,)
        for key in keys:
            for name in (squeezed(key), squeezed(_GROUP.sub("", key))):
                if name in self._groups:
                    return self._groups[name]
        return ()

    def meant(self, name: str) -> tuple[Student, ...]:
        """Return whom a name that people wrote means: a student, a group, or the one whose name, id or login is in it; of a pair, both."""
        if found := self.find_all(name):
            return found
        parts = [part for part in _AND.split(name) if part.strip()]
        if len(parts) > 1:
            each = [self.meant(part) for part in parts]
            return tuple(dict.fromkeys(student for found in each for student in found)) if all(len(found) == 1 for found in each) else ()
        words = name_words(without_dates(name))
        return self._said(words) or (self._said(parts) if (parts := apart(words)) != words else ())

    def _said(self, words: Sequence[str]) -> tuple[Student, ...]:
        """Return the one student whose id, login or name is among `words`."""
        starts = [(n, needle, s) for n, word in enumerate(words) for needle, s in self._needles.get(word, ())]
        by_key = {s for n, needle, s in starts if tuple(words[n : n + len(needle)]) == needle}
        if by_key:
            return (*by_key,) if len(by_key) == 1 else ()
        return next((found for form in range(len(FORMS)) if (found := self._named(words, form))), ())

    def perhaps(self, name: str) -> tuple[Student, ...]:
        """Return whom a part of a name means, as a surname or a first name, where it is only one student's; of surnames, each one's."""
        held = telling(name_words(without_dates(name)))
        for number, form in enumerate(FORMS):
            found = [self._by_word[number].get(form(word), []) for word in held if len(word) > 1]
            fitting = [s for s in dict.fromkeys(chain(*found)) if all(_fits(form(word), set(map(form, s.names))) for word in held)]
            glued = self._glued[number].get(form(word), []) if len(held) == 1 and (word := next(iter(held))) else []
            if fitting := fitting or [*dict.fromkeys(glued)]:
                return (*fitting,) if len(fitting) == 1 else ()
            if len(held) > 1 and all(len({*self._surnames[number].get(form(word), ())}) == 1 for word in held):
                return tuple(dict.fromkeys(self._surnames[number][form(word)][0] for word in sorted(held)))
        return ()

    def _named(self, words: Sequence[str], number: int) -> tuple[Student, ...]:
        """Return the one student whose whole name is among `words`, or whose name they are a part of, in that of the `FORMS`."""
        form = FORMS[number]
        held = set(map(form, words))
        near = {s for word in held for s in self._by_word[number].get(word, ()) if len(s.names) > 1}
        names = {s: frozenset(map(form, s.names)) for s in near}
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
            more = {f"ascii:{in_ascii(key)}" for key in student.keys if key.startswith("name:")} | {_zeroless(key) for key in student.keys}
            for key in student.keys | more - {""}:
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
    def _by_word(self) -> list[dict[str, list[Student]]]:
        """Students by each word of their names, in each of the `FORMS`."""
        return [_by(form, [(word, s) for s in self.students for word in s.names]) for form in FORMS]

    @cached_property
    def _glued(self) -> list[dict[str, list[Student]]]:
        """Students by a name and the first letter of the other, as logins are made: alovelace, lovelacea, adal."""
        pairs = [
            (made, s)
            for s in self.students
            for other in s.names - {s.surname}
            for made in {f"{other[:1]}{s.surname}", f"{s.surname}{other[:1]}", f"{other}{s.surname[:1]}"}
            if s.surname and len(made) > SHORTEST
        ]
        return [_by(form, pairs) for form in FORMS]

    @cached_property
    def _surnames(self) -> list[dict[str, list[Student]]]:
        """Students by their last names alone, in each of the `FORMS`."""
        return [_by(form, [(s.surname, s) for s in self.students if s.surname]) for form in FORMS]

    @cached_property
    def _labels(self) -> dict[str, Student]:
        return {student.label: student for student in self.students}


def _by(form: Callable[[str], str], pairs: Iterable[tuple[str, Student]]) -> dict[str, list[Student]]:
    found: dict[str, list[Student]] = defaultdict(list)
    for word, student in pairs:
        found[form(word)].append(student)
    return dict(found)


def _fits(word: str, names: set[str]) -> bool:
    return word in names or (len(word) == 1 and any(name.startswith(word) for name in names))


def joined(labels: Sequence[str]) -> str:
    """Return the one `student` that stands for a group: `A, B`, or with semicolons where a label has a comma of its own."""
    return ("; " if any("," in label for label in labels) else ", ").join(labels)


def exact(key: str) -> str:
    """Return an id, login or email in the form in which they are compared."""
    return unicodedata.normalize("NFKC", key).casefold().strip()


def _zeroless(key: str) -> str:
    """Return a number as a spreadsheet keeps it, without the zeros in front of it; "" for what is none."""
    digits = exact(key)
    return f"number:{digits.lstrip('0')}" if digits.isdigit() and digits.strip("0") else ""


def squashed(name: str) -> str:
    """Return a name in the form in which they are compared: `Lovelace, Ada` is `name:lovelaceada`, as in the file names Canvas makes."""
    letters = squeezed(name)
    return f"name:{letters}" if letters else ""
