"""Which checkpoints a course has, and which one is meant. Nothing here needs torch."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

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
            lacks = (
                f"The chapter {chapter.title!r}, which {exercise} is in, has no checkpoint" if chapter else f"{exercise} is in no chapter"
            )
            raise BadInput(f"{lacks}: `backprop-check train` lists the checkpoints.")
    path = course.checkpoint(chapter.checkpoint)
    if path is None:
        raise BadInput(f"{CHECKPOINTS}/{chapter.checkpoint}.py of the course is not there: {FILE} names it for {chapter.title!r}.")
    return path, chapter


def listed(course: Course) -> list[dict[str, Any]]:
    """Return each chapter's checkpoint: what it trains with, what of that is not passed yet (`open`), and whether it was trained."""
    progress = Progress(None if course.packaged else course.root)
    chapters = [chapter for chapter in course.chapters() if chapter.title]
    if not any(chapter.checkpoint for chapter in chapters):
        raise BadInput(f"The course in {course.root} has no checkpoints: docs/training.md of backprop-check says how to write one.")
    found = []
    for chapter in chapters:
        path = course.checkpoint(chapter.checkpoint) if chapter.checkpoint else None
        title, trains = heading(path) if path is not None else ("", ())
        name, left = chapter.checkpoint if path else None, [name for name in trains if not progress.passed(name)]
        trained = bool(name) and not left and progress.trained(str(name))
        found.append({"chapter": chapter.title, "name": name, "title": title, "trains": list(trains), "open": left, "trained": trained})
    return found


def show_all(course: Course) -> None:
    """Show the checkpoints, chapter by chapter: trained, ready, or after which exercises."""
    lines = []
    for one in listed(course):
        if one["name"] is None:
            lines.append(f"  {one['chapter']}: no checkpoint")
            continue
        left = one["open"]
        state = f"after {left[0]}{', ...' * (len(left) > 1)}" if left else "trained" if one["trained"] else "ready"
        lines.append(f"{'✓' if one['trained'] else '·'} {one['name']:14} {one['title'].split(':')[0]} ({one['chapter']}; {state})")
    columns = room() or sys.maxsize
    write("".join(f"{line if len(line) <= columns else line[: columns - 3].rstrip() + '...'}\n" for line in lines))
    write("\n`backprop-check train NAME` trains one; so does an exercise of its chapter.\n")
