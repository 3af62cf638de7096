"""Which checkpoints a course has, and which one is meant. Nothing here needs torch."""

from __future__ import annotations

import sys
from pathlib import Path

from backprop_check.cli.progress import Progress
from backprop_check.cli.screen import room, write
from backprop_check.errors import BadInput, meant, near
from backprop_check.exercise.checkpoint import heading
from backprop_check.exercise.course import CHECKPOINTS, Course, exercise_id, names_exercise
from backprop_check.exercise.outline import FILE, Chapter


def found(course: Course, name: str) -> tuple[Path, Chapter]:
    """Return the checkpoint that is asked for by its name, or by an exercise of its chapter, and the chapter. Raises `BadInput`."""
    chapters = [chapter for chapter in course.chapters() if chapter.checkpoint]
    chapter = next((chapter for chapter in chapters if chapter.checkpoint == name), None)
    if chapter is None:
        if not names_exercise(name) and not name.isdigit():
            instead = meant(near(name.lower(), [c.checkpoint for c in chapters], 1), "`backprop-check train` lists them.")
            raise BadInput(f"There is no checkpoint {name!r}: {instead}")
        exercise = exercise_id(course.find(name))
        chapter = course.chapter(exercise)
        if chapter is None or not chapter.checkpoint:
            where = f"The chapter {chapter.title!r}, which {exercise} is in," if chapter else f"{exercise} is in no chapter, which"
            raise BadInput(f"{where} has no checkpoint: `backprop-check train` lists those that there are.")
    path = course.checkpoint(chapter.checkpoint)
    if path is None:
        raise BadInput(f"{CHECKPOINTS}/{chapter.checkpoint}.py of the course is not there: {FILE} names it for {chapter.title!r}.")
    return path, chapter


def show_all(course: Course) -> None:
    """Show the checkpoints, chapter by chapter, and whether what they train with is passed."""
    progress = Progress(None if course.packaged else course.root)
    chapters = [chapter for chapter in course.chapters() if chapter.title]
    if not any(chapter.checkpoint for chapter in chapters):
        raise BadInput(f"The course in {course.root} has no checkpoints: docs/training.md of backprop-check says how to write one.")
    lines = []
    for chapter in chapters:
        path = course.checkpoint(chapter.checkpoint) if chapter.checkpoint else None
        if path is None:
            lines.append(f"  {chapter.title}: no checkpoint")
            continue
        title, trains = heading(path)
        open_ones = [name for name in trains if not progress.passed(name)]
        state = f"after {open_ones[0]}{', ...' * (len(open_ones) > 1)}" if open_ones else "ready"
        lines.append(f"{'·' if open_ones else '✓'} {chapter.checkpoint:14} {title.split(':')[0]} ({chapter.title}; {state})")
    columns = room() or sys.maxsize
    write("".join(f"{line if len(line) <= columns else line[: columns - 3].rstrip() + '...'}\n" for line in lines))
    write("\n`backprop-check train NAME` trains one; so does an exercise of its chapter.\n")
