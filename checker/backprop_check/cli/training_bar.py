"""What is seen while a training goes on, and how a Ctrl-C, or who waits for it at a screen of their own, ends it."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from backprop_check.cli.screen import waiting

if TYPE_CHECKING:
    from backprop_check.training.run import Training


@contextmanager
def bar(steps: int, hidden: bool = False) -> Iterator[Callable[[Sequence[Training]], None]]:
    """Show how far a training is; without a terminal nothing. It is drawn when it is told, and never while an author's code runs."""
    someone = waiting()
    if someone is not None:
        tell = someone.told
        yield lambda going: tell(f"{_what(going)}: step {len(going[0].losses)} of {steps}, {_losses(going)}")
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[losses]}"),
        TimeRemainingColumn(),
    )
    console = Console(file=sys.stdout)
    with Progress(*columns, console=console, transient=True, auto_refresh=False, disable=hidden or not console.is_terminal) as progress:
        task = progress.add_task("training", total=steps, losses="")

        def shown(going: Sequence[Training]) -> None:
            progress.update(task, completed=len(going[0].losses), description=_what(going), losses=_losses(going))
            progress.refresh()

        yield shown


def _what(going: Sequence[Training]) -> str:
    return "training" if going[0].replaced is None else going[0].name


def _losses(going: Sequence[Training]) -> str:
    return ", ".join(f"{name} {t.losses[-1]:.3g}" for name, t in zip(("loss", "autograd's"), going, strict=False))


@contextmanager
def interrupts() -> Iterator[Callable[[], bool]]:
    """Note a Ctrl-C in the place of raising it: a step is taken whole. A second one raises. Where none is to be heard, as before."""
    someone = waiting()
    if someone is not None:
        yield someone.enough
        return
    asked = False
    before = signal.getsignal(signal.SIGINT)

    def noted(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked and callable(before):
            before(number, frame)
        asked = True

    if not callable(before) or threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    signal.signal(signal.SIGINT, noted)
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, before)
