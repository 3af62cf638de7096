"""`watch`: check again at every save. On a terminal it is a desk with keys; elsewhere each check is printed."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import stat
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from rich.text import Text

from backprop_check.__main__ import INTERRUPTED
from backprop_check.cli.asked import NO_COURSE, Asked, asked
from backprop_check.cli.main import main
from backprop_check.cli.saves import Saves
from backprop_check.cli.screen import show
from backprop_check.cli.workers import workers
from backprop_check.errors import BadInput


def run(args: argparse.Namespace) -> int:
    """Watch one exercise until the learner quits; every check, hint and list is the command of that name, run in this process."""
    question = asked(args)
    if question.course.packaged and question.exercise.parent == question.course.exercises:
        raise BadInput(NO_COURSE)
    if not question.exercise.is_file():
        raise BadInput(f"{question.exercise}: there is no such file to watch. Check its name.")
    if _is_terminal():
        from backprop_check.cli.desk import sit_down

        sit_down(question, args)
        return 0
    with contextlib.suppress(KeyboardInterrupt), _ending_signals():
        _print_each(question, args)
    return 0


def _print_each(question: Asked, args: argparse.Namespace) -> None:
    """Print a check at every save, until a signal or the end of the pipe that is standard input."""
    saved, ended = threading.Event(), threading.Event()
    if _is_pipe():
        threading.Thread(target=_read_to_the_end, args=(saved, ended), daemon=True).start()
    with workers(args) as zygote:
        saves = Saves(question.exercise, saved.set, args.poll)
        try:
            while not ended.is_set():
                saved.clear()  # what was saved until now is what is checked
                if main(("check", str(question.exercise), "--time-limit", f"{args.time_limit:g}"), zygote) == INTERRUPTED:
                    return
                show([Text(f"\n{time.strftime('%H:%M:%S')} watching {_near(question.exercise)}, Ctrl-C quits")])
                sys.stdout.flush()
                while not saved.wait(0.5):  # a signal's handler runs when this comes round
                    pass
        finally:
            saves.close()


def _read_to_the_end(saved: threading.Event, ended: threading.Event) -> None:
    with contextlib.suppress(OSError, ValueError):
        sys.stdin.read()
    ended.set()
    saved.set()


def _is_terminal() -> bool:
    """Whether there is a terminal for a screen and keys, and this job has it: to read keys in the background would stop the process."""
    try:
        descriptors = [stream.fileno() for stream in (sys.stdin, sys.stdout, sys.stderr)]
    except (AttributeError, OSError, ValueError):
        return False
    if not all(map(os.isatty, descriptors)) or os.environ.get("TERM", "") == "dumb":
        return False
    with contextlib.suppress(AttributeError, OSError):  # a system without jobs, or a terminal that controls none
        return os.tcgetpgrp(descriptors[0]) == os.getpgrp()
    return True


def _is_pipe() -> bool:
    try:
        kind = os.fstat(sys.stdin.fileno()).st_mode
    except (AttributeError, OSError, ValueError):
        return False
    return stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind)


@contextlib.contextmanager
def _ending_signals() -> Iterator[None]:
    """Let the signals that end a process end it through its `finally` blocks."""

    def end(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _near(path: Path) -> str:
    """Return a path as seen from the current folder, where it lies below."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
