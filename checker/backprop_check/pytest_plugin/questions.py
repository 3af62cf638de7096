"""Which files are exercises, and what each asks. Nothing here needs torch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from backprop_check.errors import BadInput
from backprop_check.exercise.course import find_course, has_exercises, is_exercise_name
from backprop_check.exercise.definition import course_exercise, stub_lines
from backprop_check.files import read_text
from backprop_check.records import Exercise

_PARTS = re.compile(r"^(?:async )?def\s+(inputs|forward|backward)\b", re.MULTILINE)


@dataclass(frozen=True)
class Question:
    """An exercise file, and what the course asks in it. `lines` are where the targets stand in the exercise file itself."""

    path: Path
    exercise: Exercise
    lines: Mapping[str, int]


def read_question(path: Path) -> Question:
    """Read the exercise at `path`. Raises `BadInput` where it cannot be used."""
    exercise = course_exercise(find_course(path.parent), path)
    return Question(path, exercise, stub_lines(path, exercise))


def is_exercise(path: Path, named: bool) -> bool:
    """Say whether a file is an exercise, perhaps a broken one. `named` says that it was asked for by its path.

    What lies in a course and is called like its exercises is one; elsewhere the file must define two of the three functions, or all of
    them where it is called something else.
    """
    called = is_exercise_name(path.name)
    if path.suffix != ".py" or not (called or named):
        return False
    if called and path.parent.name == "exercises":
        return True
    try:
        found = set(_PARTS.findall(read_text(path, "exercise file")))
    except BadInput:
        return False
    return len(found) >= (2 if called else 3)


def solutions_above(path: Path) -> Path | None:
    """Return the folder of a course's solutions that `path` lies in, if it does."""
    return next((folder for folder in path.parents if folder.name == "solutions" and has_exercises(folder.parent / "exercises")), None)
