"""`init`: make a course of one's own from the one that came with the package."""

from __future__ import annotations

import argparse
import shlex
import tempfile
from pathlib import Path

from backprop_check.cli.progress import write_atomically
from backprop_check.errors import BadInput
from backprop_check.exercise.blank import blank
from backprop_check.exercise.course import find_course, packaged_course
from backprop_check.files import read_text


def run(args: argparse.Namespace) -> int:
    """Write the exercises only: `solution`, `hint` and `reset` find the solutions in the package."""
    folder = Path(args.folder)
    exercises = folder / "exercises"
    if exercises.exists():
        raise BadInput(f"{exercises} is there already, and nothing in it is overwritten: name another folder.")
    if folder.exists() and not folder.is_dir():
        raise BadInput(f"{folder} is a file: name a folder for the course.")
    solutions = sorted(packaged_course().solutions.glob("ex*.py"))
    if not solutions:
        raise BadInput("The package came without its course: install it again.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".exercises.", ignore_cleanup_errors=True) as made:
            for path in solutions:
                write_atomically(Path(made) / "exercises" / path.name, blank(read_text(path, "solution")))
            (Path(made) / "exercises").rename(exercises)  # whole or not at all: a part of a course would be taken for one
    except OSError as error:
        raise BadInput(f"The course could not be written to {folder} ({error.strerror}): name a folder you may write to.") from None
    around = find_course(folder.absolute().parent)
    if not around.packaged:
        print(f"{around.root} is a course too; in {folder}, the one just made is meant.")
    print(f"{len(solutions)} exercises are in {exercises}. Begin:")
    print(f"  cd {shlex.quote(str(folder))}")
    print("  backprop-check")
    return 0
