"""In the worker: what a learner's code prints, told line by line while it runs, so that it is known also of a statement that hangs."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from backprop_check.submission.rewrite import Hook, Stopped

MOST_LINES, LONGEST = 30, 400
"""Lines that a statement may print, and characters of a line; what is more is left out, and said."""


class Printed(io.TextIOBase):
    """A stream whose whole lines go to `tell` with the number of the statement that `begin` named last."""

    def __init__(self, told: Callable[[int, str], None]) -> None:
        self.told, self.index, self.line, self.lines = told, 0, "", 0

    def begin(self, index: int) -> None:
        self.index, self.lines = index, 0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *whole, self.line = (self.line + text[: LONGEST * MOST_LINES]).split("\n")
        for line in whole:
            self.lines += 1
            if self.lines <= MOST_LINES:
                self.told(self.index, line if len(line) <= LONGEST else line[:LONGEST] + "...")
            elif self.lines == MOST_LINES + 1:
                self.told(self.index, "...")
        return len(text)

    def end(self) -> None:
        """End a line that was begun."""
        if self.line:
            self.write("\n")


class Printing(Hook):
    """The hook of a run without any replacement, in which what is printed is the learner's own.

    In the other runs a gradient stands in for each target that was taken. `silent` is told of a statement that stopped before it printed.
    """

    def __init__(self, begins: Callable[[int], None], stream: Printed, silent: Callable[[int, str], None]) -> None:
        self.begins, self.stream, self.silent = begins, stream, silent

    def at(self, index: int) -> None:
        self.begins(index)
        self.stream.begin(index)

    def raised(self, index: int, error: BaseException) -> None:
        if not self.stream.lines and not isinstance(error, Stopped):
            self.silent(index, type(error).__name__)

    def after(self, index: int, scope: Any) -> None:
        self.stream.end()

    def finish(self, scope: Any) -> None:
        pass


def may_print(*texts: str) -> bool:
    """Whether code may print at all; where not, no run is made for it."""
    return any(word in text for text in texts for word in ("print", "stdout", "stderr", "logging", "warn"))
