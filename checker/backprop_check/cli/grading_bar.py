"""What is seen while a class is graded."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from backprop_check.classroom.results import OUTCOMES, Result


@contextmanager
def bar(total: int, done: Iterable[Result]) -> Iterator[Callable[[Result], None]]:
    """Show a bar with the rate, the time left and counts by outcome; give what is called after each result. Without a terminal: nothing."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:.0f}/s" if task.speed and task.speed >= 1 else f"{60 * (task.speed or 0):.0f}/min", style="dim")

    counts = Counter[str](result.outcome for result in done)
    console = Console(file=sys.stdout)
    columns = (TextColumn("grading"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn(), TextColumn("{task.fields[counts]}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=total, completed=counts.total(), counts=_told(counts))

        def told(result: Result) -> None:
            counts[result.outcome] += 1
            progress.update(task, advance=1, counts=_told(counts))

        yield told


def _told(counts: Counter[str]) -> str:
    return " · ".join(f"{counts[outcome]} {outcome}" for outcome in OUTCOMES if counts[outcome])
