"""What the students of a download are called: by the roster where it fits, else by the names that tell them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from backprop_check.classroom.roster import Roster, joined
from backprop_check.grading.answered import shown
from backprop_check.grading.schemes import Person
from backprop_check.grading.students import Group


def called(groups: Sequence[Group], roster: Roster | None) -> list[str]:
    """Return what each group is called: by the roster where it fits, else by name, with a mark where two people have the same."""
    marks: dict[str, set[str]] = defaultdict(set)
    for person in (p for g in groups for p in g.people):
        marks[person.name].add(person.mark)
    return [joined([label for person in each.people for label in _labels(person, len(marks[person.name]) > 1, roster)]) for each in groups]


def _labels(person: Person, alike: bool, roster: Roster | None) -> list[str]:
    if roster and (members := roster.find_all(*person.keys) or roster.meant(person.name)):
        return [member.label for member in members]
    label = shown(f"{person.name} ({person.mark})" if person.mark and alike else person.name)
    if roster and roster.members(label):  # whoever it is, the marks are not theirs
        label = f"{re.sub('[,;] ', ' ', label)} (not in the roster)"
    return [label]
