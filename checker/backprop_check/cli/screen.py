"""The one place that prints."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

NARROWEST = 20
"""Cells below which lines are not cut: they would say nothing any more."""

_PLAIN: dict[str, str | int | None] = {
    "✓": "+",
    "✗": "x",
    "·": "*",
    "│": "|",
    "─": "-",
    "→": "->",
    "Δ": "d",
    "∂": "d",
    "×": "x",
    "…": "...",
    "–": "-",
    "−": "-",
}


@dataclass(frozen=True)
class Waiting:
    """Who waits before a screen of their own for what takes long: is told how far it is, and may have had enough of it.

    `again` is how it is asked for again.
    """

    told: Callable[[str], None]
    enough: Callable[[], bool]
    again: str


class _Held(io.TextIOBase):
    """What stands in for standard output while what is shown is held as lines."""

    def __init__(self, columns: int, waiting: Waiting | None) -> None:
        self.columns, self.begun, self.waiting = columns, "", waiting
        self.lines: list[Text] = []

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        from rich.text import Text

        *whole, self.begun = (self.begun + text).split("\n")
        self.lines += map(Text, whole)
        return len(text)


@contextmanager
def held(columns: int, waiting: Waiting | None = None) -> Iterator[list[Text]]:
    """Hold all that the block shows or prints, errors too, as lines of at most `columns` cells, in place of printing it."""
    stream = _Held(columns, waiting)
    with redirect_stdout(stream), redirect_stderr(stream):
        yield stream.lines
        stream.write("\n" if stream.begun else "")


def waiting() -> Waiting | None:
    """Who waits for what is held meanwhile, if anyone."""
    return sys.stdout.waiting if isinstance(sys.stdout, _Held) else None


def width() -> int:
    """Return how many cells a line may have: the terminal's, else 80 (or what COLUMNS says)."""
    if isinstance(sys.stdout, _Held):
        return sys.stdout.columns
    from rich.console import Console

    return Console(file=sys.stdout).width


def room() -> int | None:
    """Return how many cells a line may have where it would be cut; None where no terminal is, and nothing needs to be. Loads no rich."""
    if isinstance(sys.stdout, _Held):
        return sys.stdout.columns
    return max(NARROWEST, shutil.get_terminal_size().columns - 1) if sys.stdout.isatty() else None


def show(lines: Iterable[RenderableType]) -> None:
    """Print lines and tables on standard output, in colour on a terminal that wants it. Nothing is cut, wrapped or read as markup."""
    if isinstance(sys.stdout, _Held):
        from rich.text import Text

        sys.stdout.lines += [line if isinstance(line, Text) else Text(str(line)) for line in lines]
        return
    from rich.console import Console

    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    with console.capture() as capture:
        for line in lines:
            console.print(line, no_wrap=True, overflow="ignore", crop=False, soft_wrap=True)
    write(capture.get())


@contextmanager
def progress(what: str, steps: int) -> Iterator[Callable[[], None]]:
    """Show a bar while `steps` things are done, and give what is called after each. Without a terminal there is no bar.

    What is shown meanwhile stands above it.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(file=sys.stdout)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=steps)
        yield lambda: bar.advance(task)


@contextmanager
def own_way() -> Iterator[None]:
    """Let a screen written by way of Python's first streams go by other descriptors than 1 and 2: `silent` sends those to nowhere."""
    before = sys.__stdout__, sys.__stderr__
    if None in before:
        yield
        return
    with ExitStack() as opened:
        own = [opened.enter_context(open(os.dup(s.fileno()), "w", encoding=s.encoding, errors=s.errors)) for s in before if s]  # noqa: PTH123
        sys.__stdout__, sys.__stderr__ = own  # type: ignore[misc]
        try:
            yield
        finally:
            sys.__stdout__, sys.__stderr__ = before  # type: ignore[misc]


def write(text: str) -> None:
    """Print text in whatever encoding standard output has: signs it lacks are replaced by plain ones, the rest by escapes."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(str.maketrans(_PLAIN)).encode(encoding, "backslashreplace").decode(encoding)
    sys.stdout.write(text)


def write_utf8(text: str) -> None:
    """Print a file's text as UTF-8, whatever encoding standard output has: what is printed says itself that it is UTF-8."""
    if not hasattr(sys.stdout, "buffer"):
        write(text)
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()
