"""`list`: the exercises and how far the learner is, from what is stored; nothing is checked."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from backprop_check.cli.asked import EMPTY
from backprop_check.cli.main import complain
from backprop_check.cli.progress import Progress, digest
from backprop_check.cli.screen import room, write
from backprop_check.errors import BadInput
from backprop_check.exercise.course import Course, exercise_id, find_course
from backprop_check.exercise.definition import course_exercise
from backprop_check.exercise.outline import Chapter

MARKS = {"correct": "✓", "incorrect": "✗", "missing": "·"}
SIGNS = {"✓": "passed", "✗": "something is wrong", "·": "not passed yet", "!": "cannot be read", "*": "changed since it was checked"}
PACKAGED = "These are the exercises of the package; this folder is in no course of your own."


def run(args: argparse.Namespace) -> int:
    course = find_course(Path.cwd())
    if not course.files():
        raise BadInput(EMPTY.format(course.root))
    progress = Progress(None if course.packaged else course.root)
    for trouble in course.troubles()[:1]:
        complain(trouble.replace(f"{Path.cwd()}/", ""))
    # Plain text, cut at a terminal's width: a table needs no rich, which would double the time.
    columns = room() or sys.maxsize
    rows = list(_rows(course, progress))
    if course.packaged:
        write(f"{PACKAGED}\n\n")
    write("".join(f"{line if len(line) <= columns else line[: columns - 3].rstrip() + '...'}\n" for _, line in rows))
    write(f"\n{_legend(''.join(signs for signs, _ in rows))}\n{_closing(course, progress)}\n")
    return 0


def _rows(course: Course, progress: Progress) -> Iterator[tuple[str, str]]:
    """Yield the lines, each with the signs in it; above the exercises of a chapter, how much of it is passed and what it is about."""
    rows: dict[str, list[tuple[str, str]]] = {}
    for path in course.files():
        rows.setdefault(exercise_id(path), []).append(row(course, path, progress))
    chapters = course.chapters()
    for chapter in chapters or [Chapter("", exercises=tuple(rows))]:
        if chapters:
            yield from [("", "")] if chapter != chapters[0] else []
            yield "", _heading(chapter, progress)
        yield from (each for name in chapter.exercises for each in rows[name])


def _heading(chapter: Chapter, progress: Progress) -> str:
    passed = f"{sum(map(progress.passed, chapter.exercises))} of {len(chapter.exercises)}"
    after = f"after {', '.join(chapter.rests)}" if chapter.rests else ""
    return " · ".join(filter(None, (f"{chapter.title or 'In no chapter'}: {passed}", chapter.about, after)))


def row(course: Course, path: Path, progress: Progress) -> tuple[str, str]:
    """Return the signs in the line of an exercise, and the line: mark, id, how many gradients are right (a star: changed since), title."""
    name = exercise_id(path)
    try:
        exercise = course_exercise(course, path)
    except BadInput:
        return "!", f"! {name:6} cannot be read: `backprop-check {name}` says why"
    stored = progress.of(name)
    targets = stored.get("targets", {})
    right = sum(targets.get(target.name) == "correct" for target in exercise.targets)
    mark = MARKS[progress.state(name)]
    changed = "*" if stored.get("digest") not in (None, digest(path.read_bytes())) else " "
    return mark + changed, f"{mark} {name:6} {right:2}/{len(exercise.targets):<2}{changed} {exercise.title}"


def _legend(signs: str) -> str:
    """Explain the signs that are there."""
    return ", ".join([*(f"{sign} {means}" for sign, means in SIGNS.items() if sign in signs), "1/4 how many gradients are right"])


def _closing(course: Course, progress: Progress) -> str:
    if course.packaged:
        return "`backprop-check init my-course` makes a course of your own."
    ids = course.ids()
    passed = [name for name in ids if progress.passed(name)]
    open_ones = [name for name in ids if name not in passed]
    following = f" · next: `backprop-check {open_ones[0]}`" if open_ones else ""
    return f"{len(passed)} of {len(ids)} passed{following}"
