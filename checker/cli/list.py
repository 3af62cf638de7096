"""`list`: the exercises and how far the learner is, from what is stored; nothing is checked."""

from __future__ import annotations

import argparse
from pathlib import Path

from checker.cli.progress import Progress, digest
from checker.errors import BadInput
from checker.exercise.course import Course, exercise_id, find_course
from checker.exercise.parse import read_exercise


def run(args: argparse.Namespace) -> int:
    course = find_course(Path.cwd())
    progress = Progress(None if course.packaged else course.root)
    rows = [row(path, progress) for path in course.files()]
    from rich.text import Text

    from checker.cli.screen import show, width
    from checker.report.layout import prose

    styles = {"✓": "green", "✗": "red", "!": "red"}
    show(Text.assemble((mark, styles.get(mark, "")), f" {text}"[: max(30, width() - 1)].rstrip()) for mark, text in rows)
    show(line for line in [Text(), *prose(_closing(course, progress), width(), indent=0)])
    return 0


def row(path: Path, progress: Progress) -> tuple[str, str]:
    """Return the mark of an exercise and its line: id, how many gradients are right, title."""
    name = exercise_id(path)
    try:
        exercise = read_exercise(path)
    except BadInput:
        return "!", f"{name:6} cannot be read: `backprop-check {name}` says why"
    stored = progress.of(name)
    targets = stored.get("targets", {})
    right = sum(targets.get(target.name) == "correct" for target in exercise.targets)
    mark = (
        "✓"
        if stored.get("passed")
        else "·"
        if not stored
        else "✗"
        if "incorrect" in targets.values() or "error" in targets.values()
        else "·"
    )
    changed = "*" if stored.get("digest") not in (None, digest(path.read_bytes())) else " "
    return mark, f"{name:6} {right:2}/{len(exercise.targets):<2}{changed} {exercise.title}"


def _closing(course: Course, progress: Progress) -> str:
    if course.packaged:
        return "This is the course of the package. `backprop-check init my-course` makes one of your own."
    ids = course.ids()
    passed = [name for name in ids if progress.passed(name)]
    open_ones = [name for name in ids if name not in passed]
    following = f" · next: `backprop-check {open_ones[0]}`" if open_ones else ""
    return f"{len(passed)} of {len(ids)} passed{following}"
