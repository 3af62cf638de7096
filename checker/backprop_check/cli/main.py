"""The command `backprop-check`: find the command meant, run it, and turn what went wrong into one line and an exit code.

The convention of this folder: arguments are declared in `arguments.py`, so that no help text costs an import. Each command is one module
with `run(args) -> int`, which returns the exit code (0 all correct, 1 some target is not, 2 could not be carried out) and raises `BadInput`
for what a person can mend. It imports torch inside `run`, after it has found its files, by way of `workers(args)`. What it shows goes
through `screen.show`, which alone prints.
"""

from __future__ import annotations

import errno
import os
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from shutil import get_terminal_size
from textwrap import fill
from typing import TYPE_CHECKING

from backprop_check.__main__ import INTERRUPTED
from backprop_check.cli.arguments import COMMANDS, parse
from backprop_check.errors import BadInput, meant, near
from backprop_check.exercise.course import exercise_id, find_course, names_exercise

if TYPE_CHECKING:
    import argparse

    from backprop_check.exercise.course import Course
    from backprop_check.submission.workers import Workers

BAD_INPUT, PIPE_CLOSED = 2, 141

ALLOW, ROOM = "give yourself the right to, or work in a copy that is yours", "make room there first"
TO_DO = {errno.EACCES: ALLOW, errno.EPERM: ALLOW, errno.EROFS: ALLOW, errno.ENOSPC: ROOM, errno.EDQUOT: ROOM}


def main(argv: Sequence[str] | None = None, zygote: Workers | None = None, course: Course | None = None) -> int:
    """Run the command that `argv` (default: the process's own) names and return its exit code.

    `zygote` is one that is there already; without it the command forks its own when it needs one. `course` is the one that is meant where
    no exercise names another; without it that of the current folder.
    """
    try:
        # torch warns where there is no numpy; nothing here needs one, and a learner could do nothing with it.
        warnings.filterwarnings("ignore", message="Failed to initialize NumPy")
        args = _parsed(sys.argv[1:] if argv is None else argv)
        args.zygote, args.course = zygote, course
        Path.cwd()  # where it is gone, loading torch would end the process
        code: int = import_module(f"backprop_check.cli.{args.module}").run(args)
        sys.stdout.flush()
    except BadInput as error:
        return complain(str(error))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Python flushes stdout once more at exit; pointing it at nothing keeps that quiet.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except OSError as error:
        return complain(_of_the_system(error))
    return code


def _parsed(argv: Sequence[str]) -> argparse.Namespace:
    try:
        return parse(spelled_out(argv))
    except SystemExit:  # it was asked for help, which may not have been written yet
        sys.stdout.flush()
        raise


def spelled_out(argv: Sequence[str]) -> list[str]:
    """Return `argv` with its command named: what begins with an exercise or an option is a check. Raises `BadInput` for any other word."""
    first = argv[0] if argv else ""
    if first in COMMANDS or first in ("-h", "--help", "--version"):
        return list(argv)
    if not first or first.startswith("-") or names_exercise(first):
        return ["check", *argv]
    course, word = find_course(Path.cwd()), first.lower()
    titled = [exercise_id(path) for path in course.files() if word in path.stem.partition("_")[2]] if len(word) > 2 else []
    found = [f"`backprop-check {name}`" for name in titled[:3] or near(word, [*COMMANDS, *course.ids()], 2)]
    raise BadInput(f"there is no command or exercise {first!r}: {meant(found, '`backprop-check --help` lists the commands.')}")


def _of_the_system(error: OSError) -> str:
    if error.filename is None and error.errno == errno.ENOENT:
        return "the folder you are in is gone: change into one that is there."
    what = f"{error.filename or 'what is shown could not be written'}: {error.strerror or error}"
    return f"{what}: {TO_DO[error.errno]}." if error.errno in TO_DO else f"{what}."


def complain(message: str) -> int:
    """Print one line on standard error, in a terminal as wide as that, and return the exit code for bad input."""
    line = "backprop-check: " + " ".join(message.split())
    if sys.stderr.isatty():
        line = fill(line, get_terminal_size().columns, break_long_words=False, break_on_hyphens=False)
    print(line, file=sys.stderr)
    return BAD_INPUT
