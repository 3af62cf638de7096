"""`list`: the exercises and how far the learner is, from what is stored; nothing is checked."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from backprop_check.cli.progress import Progress, digest
from backprop_check.cli.screen import write
from backprop_check.errors import BadInput
from backprop_check.exercise.course import Course, exercise_id, find_course
from backprop_check.exercise.definition import course_exercise


def run(args: argparse.Namespace) -> int:
    course = find_course(Path.cwd())
    progress = Progress(None if course.packaged else course.root)
    # Plain text, cut at a terminal's width: a table needs no rich, which would double the time.
    columns = shutil.get_terminal_size().columns - 1 if sys.stdout.isatty() else None
    write("".join(f"{row(course, path, progress)[:columns].rstrip()}\n" for path in course.files()))
    write(f"\n{_closing(course, progress)}\n")
    return 0


def row(course: Course, path: Path, progress: Progress) -> str:
    """Return the line of an exercise: mark, id, how many gradients are right (a star: changed since), title."""
    name = exercise_id(path)
    try:
        exercise = course_exercise(course, path)
    except BadInput:
        return f"! {name:6} cannot be read: `backprop-check {name}` says why"
    stored = progress.of(name)
    targets = stored.get("targets", {})
    right = sum(targets.get(target.name) == "correct" for target in exercise.targets)
    wrong = {"incorrect", "error"} & set(targets.values())
    mark = "✓" if stored.get("passed") else "✗" if wrong else "·"
    changed = "*" if stored.get("digest") not in (None, digest(path.read_bytes())) else " "
    return f"{mark} {name:6} {right:2}/{len(exercise.targets):<2}{changed} {exercise.title}"


def _closing(course: Course, progress: Progress) -> str:
    if course.packaged:
        return "This is the course of the package. `backprop-check init my-course` makes one of your own."
    ids = course.ids()
    passed = [name for name in ids if progress.passed(name)]
    open_ones = [name for name in ids if name not in passed]
    following = f" · next: `backprop-check {open_ones[0]}`" if open_ones else ""
    return f"{len(passed)} of {len(ids)} passed{following}"
