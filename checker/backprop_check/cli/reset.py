"""`reset`: put an exercise back as it was, keeping a backup."""

from __future__ import annotations

import argparse
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from backprop_check.cli.asked import Asked, agreed, asked
from backprop_check.cli.progress import unused, write_atomically
from backprop_check.errors import BadInput
from backprop_check.exercise.course import STORE, find_course
from backprop_check.exercise.definition import stub


def run(args: argparse.Namespace) -> int:
    course = find_course(Path.cwd())
    if (lost := course.lost(args.exercise)) is not None:
        write_atomically(lost, stub(course, lost))
        print(f"{lost.name} was gone, and is there again.")
        return 0
    question = asked(args)
    if not question.own:
        raise BadInput(f"{question.exercise} is not in a course of your own: only its exercises can be put back.")
    path = question.exercise
    if not path.is_file():
        raise BadInput(f"{path} is no file: move it away, and ask once more.")
    blanked = stub(question.course, path)
    if path.read_bytes() == blanked.encode():
        print(f"{path.name} is as it was: nothing to put back.")
        return 0
    if not args.yes and not agreed(f"Put {path.name} back as it was? Your answers are kept in {STORE}/backup. [y/N] "):
        print("Nothing was changed.")
        return 0
    kept = back_up(question)
    write_atomically(path, blanked)
    question.progress.forget(question.id)
    print(f"{path.name} is as it was. Your answers are in {kept}.")
    return 0


def back_up(question: Asked) -> Path:
    """Copy the exercise's file beside the store, under a name that says when, and return where it is."""
    stamp = datetime.now().strftime("%Y-%m-%d-%H%M%S")
    kept = unused(question.course.root / STORE / "backup" / f"{question.exercise.stem}.{stamp}.py")
    kept.parent.mkdir(parents=True, exist_ok=True)
    try:
        kept.write_bytes(question.exercise.read_bytes())
    except OSError as error:
        with suppress(OSError):
            kept.unlink(missing_ok=True)
        error.filename = str(kept)  # a full disk names no file
        raise
    return kept
