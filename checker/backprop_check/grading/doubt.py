"""Whether what seems one student's may be several students' work: then a teacher is asked before it is graded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from backprop_check.classroom.roll import counted, first
from backprop_check.grading.choice import Choice
from backprop_check.grading.students import Group
from backprop_check.grading.words import is_version, words


def doubt(groups: Sequence[tuple[Group, str]], choice: Choice) -> str:
    """Say whose the files are that may each be another's answer, or nothing. `groups` are those whom nothing but a place names, by student.

    Of one student alone, several such files are enough. Of more, it takes half of them, and what is called the same with several of them
    does not count, as the parts of their work are: unless these students are called like sections, a word and a number.
    """
    several: dict[str, list[str]] = {}
    for group, student in groups:
        if sum(item.kind == "file" for item in group.items) > 1:
            for names in choice.answers(group).values():
                if _are_people(names) or (len(groups) == 1 and len(names) > 2):
                    several.setdefault(student, []).extend(names)
    if not _are_numbered(list(several)):
        shared = Counter(name for names in several.values() for name in {*names})
        own = {student: [name for name in names if shared[name] == 1] for student, names in several.items()}
        several = {student: names for student, names in several.items() if len(several) == 1 or _are_people(own[student])}
    if not several or 2 * len(several) < len(groups):
        return ""
    files = counted(sum(map(len, several.values())), "file")
    whose = "one student's" if len(several) == 1 else f"those of {len(several)} students"
    return f"{files} that may each be an answer are taken for {whose}, {first(list(several), '')}"


def _are_people(names: Sequence[str]) -> bool:
    """Say whether files called so, besides the exercise, may be different people's: more than one is no version of another."""
    return sum(bool(name) and not is_version(words(name)) for name in names) > 1


def _are_numbered(names: Sequence[str]) -> bool:
    """Say whether names are one word, and a number or a letter: Section 1, Gruppe B."""
    found = [words(name) for name in names]
    return len(found) > 1 and all(len(each) == 2 and len(each[1]) < 3 for each in found) and len({each[0] for each in found}) == 1
