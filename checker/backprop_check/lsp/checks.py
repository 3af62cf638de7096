"""Checks and hints for the server, one at a time, in a thread beside the one that talks to the editor."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from rich.text import Text

from backprop_check.cli.asked import Asked, asked
from backprop_check.cli.check import chosen, judged
from backprop_check.cli.hint import hint_on
from backprop_check.errors import BadInput
from backprop_check.exercise.ids import drawn_name, is_exercise_name
from backprop_check.files import read_text
from backprop_check.lsp.fix import Edit, fix_edits
from backprop_check.lsp.workers import Breakable, Superseded
from backprop_check.records import Report
from backprop_check.submission.workers import Gone, started

WIDTH = 80
"""Cells of a line of a hint."""

T = TypeVar("T")


@dataclass(frozen=True)
class Checked:
    """One check: the text that was judged, the report, and by gradient the edits of its fix; without a report, `message` says why."""

    text: str
    report: Report | None
    message: str = ""
    fixes: Mapping[str, Sequence[Edit]] = field(default_factory=dict)

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")


def exercise_at(path: Path) -> Asked | None:
    """Return the exercise of a learner's course that a file is, None for any other file."""
    if not (is_exercise_name(path.name) or drawn_name(path.stem)) or path.suffix != ".py" or not path.is_file():
        return None
    question = asked(argparse.Namespace(exercise=str(path)))
    return question if question.own else None


class Checks:
    """What the server lets run. The server has threads, so it forks no worker itself."""

    def __init__(self, time_limit: float) -> None:
        self.time_limit = time_limit
        self._thread = ThreadPoolExecutor(1, "backprop-check")
        self._workers: Breakable | None = None
        self._newest: dict[Path, int] = {}
        self._running: Path | None = None

    async def check(self, question: Asked) -> Checked:
        """Check an exercise as it is saved. Raises `Superseded` when another check of it begins meanwhile."""
        path = question.exercise
        number = self._newest[path] = self._newest.get(path, 0) + 1
        if self._running == path and self._workers is not None:
            self._workers.break_off()
        return await self._do(lambda: self._check(question, number))

    async def hint(self, question: Asked, report: Report, target: str, number: int) -> str:
        """Return the text of a hint on a gradient."""
        return await self._do(lambda: "\n".join(line.plain.rstrip() for line in _hint(question, report, target, number)))

    async def load(self) -> None:
        """Load torch, here and in the process workers come from, before the first file is opened."""
        await self._do(self._loaded)

    def close(self) -> None:
        """End what runs. A zygote sees the end of this process, and ends as well."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        if self._workers is not None:
            self._workers.break_off()

    async def _do(self, job: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, job)

    def _loaded(self) -> Breakable:
        if self._workers is None:
            self._workers = Breakable(started())
        return self._workers

    def _check(self, question: Asked, number: int) -> Checked:
        path, workers = question.exercise, self._loaded()
        self._running = path
        workers.begin()
        try:
            if self._newest[path] != number:
                raise Superseded
            try:
                return self._judged(question)
            except Gone:  # killed, perhaps for memory: start another
                workers.close()
                self._workers = None
                return self._judged(question)
        finally:
            self._running = None

    def _judged(self, question: Asked) -> Checked:
        text = ""
        try:
            text = read_text(question.exercise, "exercise file")
            args = argparse.Namespace(zygote=self._loaded(), time_limit=self.time_limit, verbose=False)
            report = judged(question, args)
            return Checked(text, report, fixes=_fixes(report))
        except BadInput as error:
            return Checked(text, None, str(error))


def _fixes(report: Report) -> dict[str, list[Edit]]:
    """The edits of each fix. Made where all else is parsed: in Python 3.11 no two threads may parse at a time."""
    wrong = [g for g in report.gradients if g.verdict.status != "correct"]
    return {g.verdict.target.name: fix_edits(report.submission, g) for g in wrong if report.submission is not None}


def _hint(question: Asked, report: Report, target: str, number: int) -> Iterator[Text]:
    gradient = chosen(report, target)
    assert gradient is not None
    return hint_on(question, report, gradient, number, WIDTH)
