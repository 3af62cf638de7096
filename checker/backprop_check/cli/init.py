"""`init`: make a course of one's own from the one that came with the package, or from another."""

from __future__ import annotations

import argparse
import contextlib
import json
import shlex
import tempfile
from pathlib import Path

from backprop_check.cli.progress import write_atomically
from backprop_check.errors import BadInput
from backprop_check.exercise.blank import blank
from backprop_check.exercise.course import Course, course_at, find_course, packaged_course
from backprop_check.exercise.definition import stub
from backprop_check.exercise.outline import FILE
from backprop_check.files import read_text


def run(args: argparse.Namespace) -> int:
    """Write the exercises only: `solution`, `hint` and `reset` find the solutions in the course that they came from."""
    folder = Path(args.folder)
    exercises = folder / "exercises"
    if exercises.exists():
        raise BadInput(f"{exercises} is there already, and nothing in it is overwritten: name another folder.")
    if folder.exists() and not folder.is_dir():
        raise BadInput(f"{folder} is a file: name a folder for the course.")
    source = _source(args.source)
    texts = {path.name: _text(source, path) for path in source.originals()}
    if not texts:
        raise BadInput(
            f"{source.root} holds no exercises yet." if args.source else "The package came without its course: install it again."
        )
    came = _came_from(source) if args.source else ""
    outline = folder / FILE
    if came and outline.exists() and outline.read_text(encoding="utf-8", errors="replace") != came:
        raise BadInput(f"{outline} is there already, and is not overwritten: name another folder.")
    new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".exercises.", ignore_cleanup_errors=True) as made:
            for name, text in texts.items():
                write_atomically(Path(made) / "exercises" / name, text)
            if came:  # before the exercises: without it they would be taken for the package's
                write_atomically(outline, came)
            (Path(made) / "exercises").rename(exercises)  # whole or not at all: a part of a course would be taken for one
    except OSError as error:
        if new:
            with contextlib.suppress(OSError):  # it is not there, or not empty
                folder.rmdir()
        raise BadInput(f"The course could not be written to {folder} ({error.strerror}): name a folder you may write to.") from None
    with contextlib.suppress(BadInput):  # what may not be looked into is no course to be told of
        around = find_course(folder.resolve().parent)
        if not around.packaged:
            print(f"{around.root} is a course too; in {folder}, the one just made is meant.")
    print(f"{len(texts)} exercises are in {exercises}. Begin:")
    if folder.resolve() != Path.cwd():
        print(f"  cd {shlex.quote(str(folder))}")
    print("  backprop-check")
    return 0


def _source(asked: str | None) -> Course:
    """Return the course that is asked for. Raises `BadInput`."""
    if asked is None:
        return packaged_course()
    found = course_at(asked)
    if found is not None:
        return found
    if Path(asked).is_dir():
        raise BadInput(f"{asked} has no {FILE}: there a course says its title and its chapters (docs/authors.md).")
    raise BadInput(f"{asked!r} is neither a folder nor an installed package with a {FILE}: check its name.")


def _text(source: Course, path: Path) -> str:
    """The text of an exercise of the course that is asked for, which may keep its solutions to itself."""
    try:
        return stub(source, path)
    except BadInput:
        return blank(read_text(path, "exercise file"))


def _came_from(source: Course) -> str:
    """The `course.toml` of a learner's course: where the exercises and their solutions come from."""
    place = json.dumps(source.place, ensure_ascii=False)  # a text in quotes is written in TOML as in JSON
    return f"# These exercises come from another course, which has their chapters and their solutions.\nfrom = {place}\n"
