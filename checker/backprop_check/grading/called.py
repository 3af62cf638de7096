"""What the students of a download are called: by the roster where it fits, else by the names that tell them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backprop_check.classroom.naming import name_words, telling
from backprop_check.classroom.roster import Roster, Student, joined
from backprop_check.grading.answered import shown
from backprop_check.grading.schemes import Person
from backprop_check.grading.students import Group


@dataclass(frozen=True)
class Called:
    """What the groups are called, each; and by number those whom a part of a name alone means, as it was written."""

    labels: list[str]
    guessed: dict[int, str]


def called(groups: Sequence[Group], roster: Roster | None) -> Called:
    """Return what each group is called: by the roster where it fits, else by name, with a mark where two people have the same."""
    marks: dict[str, set[str]] = defaultdict(set)
    for person in (p for g in groups for p in g.people):
        marks[person.name].add(person.mark)
    people = {person: _members(person, roster) for each in groups for person in each.people}
    weak = _weak({person for person, members in people.items() if not members}, people, roster)
    labels = [
        [label for p in g.people for label in _labels(p, len(marks[p.name]) > 1, roster, people[p] or weak.get(p, ()))] for g in groups
    ]
    guessed = {n: each.people[0].name for n, each in enumerate(groups) if any(p in weak for p in each.people)}
    return Called(list(map(joined, labels)), guessed)


def _members(person: Person, roster: Roster | None) -> tuple[Student, ...]:
    return (roster.find_all(*person.keys) or roster.meant(person.name)) if roster else ()


def _weak(unknown: set[Person], people: Mapping[Person, tuple[Student, ...]], roster: Roster | None) -> dict[Person, tuple[Student, ...]]:
    """Return whom a part of a name means, where nobody else is meant to be the same student."""
    taken: dict[Student, set[object]] = defaultdict(set)
    for person, members in people.items():
        for student in members:
            taken[student].add(person)
    found = {person: members for person in unknown if roster and (members := roster.perhaps(person.name))}
    for person, members in found.items():
        for student in members:
            taken[student].add((telling(name_words(person.name)), person.mark))
    return {person: members for person, members in found.items() if all(len(taken[student]) == 1 for student in members)}


def _labels(person: Person, alike: bool, roster: Roster | None, members: Sequence[Student]) -> list[str]:
    if members:
        return [member.label for member in members]
    label = shown(f"{person.name} ({person.mark})" if person.mark and alike else person.name)
    if roster and roster.members(label):  # whoever it is, the marks are not theirs
        label = f"{re.sub('[,;] ', ' ', label)} (not in the roster)"
    return [label]
