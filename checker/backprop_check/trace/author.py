"""Run an author's code: what it prints goes nowhere, and whatever it raises, however it ends, is one line about the exercise.

An author is trusted, and may be careless. What ends the process at once from below Python (a signal, a crash of a library) still does.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import torch

from backprop_check.errors import BadInput


class _Null(io.RawIOBase):
    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return len(data)


class _Nowhere(io.TextIOWrapper):
    """A text file that keeps nothing."""

    def __init__(self) -> None:
        super().__init__(io.BufferedWriter(_Null()), encoding="utf-8", errors="replace", write_through=True)


class _Ended(SystemExit):
    """The author's code called `os._exit` or `os.abort`."""


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """Send to nowhere what is printed meanwhile, by Python and below it, and let nothing be read. Inside another one it does nothing."""
    if isinstance(sys.stdout, _Nowhere):
        yield
        return
    before = sys.stdin, sys.stdout, sys.stderr
    with contextlib.ExitStack() as undo:
        null = os.open(os.devnull, os.O_WRONLY)
        undo.callback(os.close, null)
        for number in (1, 2):
            with contextlib.suppress(OSError):  # closed, as in a service
                undo.callback(_put_back, os.dup(number), number)
                os.dup2(null, number)
        sys.stdin, sys.stdout, sys.stderr = io.StringIO(), _Nowhere(), _Nowhere()
        try:
            yield
        finally:
            sys.stdin, sys.stdout, sys.stderr = before


@contextlib.contextmanager
def authors(path: Path, line: int = 0, otherwise: Callable[[BaseException], str] | None = None, what: str = "exercise") -> Iterator[None]:
    """Run code of the exercise (or `what` it is) at `path`: silently, its warnings ignored.

    Whatever it raises becomes `BadInput`; a Ctrl-C stays one. The message names the innermost line of the file that was running; where
    there is none, it is what `otherwise` says, or it names `line`.
    """
    interrupts: list[int] = []
    with silent(), _no_exit(), _noting(interrupts), warnings.catch_warnings(), _settings():
        warnings.simplefilter("ignore")
        try:
            yield
        except BadInput:
            raise
        except BaseException as error:
            if interrupts:
                raise
            raise BadInput(_told(path, line, error, otherwise, what)) from error


def first_line(error: BaseException) -> str:
    """The first line of what an error says, at most 200 characters of it."""
    try:
        return str(error).strip().split("\n", 1)[0][:200]
    except Exception:
        return ""


def _told(path: Path, line: int, error: BaseException, otherwise: Callable[[BaseException], str] | None, what: str) -> str:
    running = [number for frame, number in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == str(path)]
    if not running and isinstance(error, SyntaxError) and error.filename == str(path):
        running = [error.lineno or line]
    if not running and otherwise is not None:
        return otherwise(error)
    number = running[-1] if running else line
    where = f"{path}:{number}" if number else str(path)
    if isinstance(error, SystemExit):
        return f"{where}: this line of the {what} ends the process: take that out."
    said = first_line(error)
    if "leaf Variable" in said and "in-place" in said:
        return f"{where}: this line changes an argument of the forward in place: write the new value under a name of its own."
    return f"{where}: this line of the {what} raised {type(error).__name__}{f' ({said})' if said else ''}: mend it."


def _put_back(kept: int, number: int) -> None:
    os.dup2(kept, number)
    os.close(kept)


@contextlib.contextmanager
def _settings() -> Iterator[None]:
    """Put back what an exercise may switch for the whole process."""
    records, deepest = torch.is_grad_enabled(), sys.getrecursionlimit()
    try:
        yield
    finally:
        torch.set_grad_enabled(records)
        sys.setrecursionlimit(deepest)


@contextlib.contextmanager
def _no_exit() -> Iterator[None]:
    """Let `os._exit` and `os.abort` raise, in this process only: a child may end as it likes."""
    ours, leave, abort = os.getpid(), os._exit, os.abort

    def ended(status: int = 0) -> NoReturn:
        if os.getpid() != ours:
            leave(status)
        raise _Ended(status)

    os._exit = os.abort = ended
    try:
        yield
    finally:
        os._exit, os.abort = leave, abort


@contextlib.contextmanager
def _noting(interrupts: list[int]) -> Iterator[None]:
    """Note a real Ctrl-C, which an author's `raise KeyboardInterrupt` is not. Signals arrive in the main thread only."""
    before = signal.getsignal(signal.SIGINT)
    if not callable(before) or threading.current_thread() is not threading.main_thread():
        yield
        return

    def noted(number: int, frame: Any) -> None:
        interrupts.append(number)
        before(number, frame)

    signal.signal(signal.SIGINT, noted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
