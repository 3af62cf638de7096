"""One judge for a whole pytest run: what it needs is started when the first item runs, and each set of answers is judged once."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from backprop_check.errors import BadInput
from backprop_check.pytest_plugin.settings import time_limit

if TYPE_CHECKING:
    from backprop_check.pytest_plugin.answers import Answers
    from backprop_check.pytest_plugin.questions import Question
    from backprop_check.records import Exercise, Report, Status
    from backprop_check.submission.workers import Workers

WIDTH = 92
SEARCHING = 80_000
"""How much of `expression.work` a stranger's submission may take; the learner's own has no bound but each answer's."""

LOST = "the process that runs answers was lost twice: look at this machine's memory and its system log, then run this again."


@dataclass(frozen=True)
class Told:
    """What a report says of one gradient: in full, in one line, and in figures. `remarked` where it has a remark or printed something."""

    status: Status
    text: str
    brief: str
    remarked: bool
    points: float
    codes: tuple[str, ...]


class Judge:
    """Judges answers. `close` ends the processes it has started."""

    def __init__(self, limit: float, confined: bool) -> None:
        """`limit` is the seconds one statement may take; strangers' code is `confined`."""
        self._limit, self._confined = limit, confined
        self._zygotes: dict[bool, Workers] = {}
        self._told: dict[tuple[str, str], Mapping[str, Told] | str] = {}

    def told(self, question: Question, answers: Answers) -> Mapping[str, Told] | str:
        """Return what is said of each target, or why nothing could be judged."""
        key = str(question.path), answers.name
        if key not in self._told:
            try:
                self._told[key] = _told(self.report(question.exercise, answers))
            except BadInput as error:
                self._told[key] = str(error)
        return self._told[key]

    def report(self, exercise: Exercise, answers: Answers) -> Report:
        """Judge answers anew. Raises `BadInput` where the exercise cannot be used, or nothing can be run here."""
        with warnings.catch_warnings():
            warnings.simplefilter("default")  # an exercise's warnings are shown, whatever the tests around it make of theirs
            warnings.filterwarnings("ignore", message="Failed to initialize NumPy")
            strange = bool(answers.name)
            self._zygote(strange and self._confined)  # it loads torch while this process does
            from backprop_check.flow import check_read
            from backprop_check.submission.run import Limits
            from backprop_check.submission.workers import Gone

            bounds = (Limits(self._limit, 3 * self._limit), SEARCHING) if strange else (Limits(self._limit),)
            for _ in range(2):
                try:
                    return check_read(exercise, answers.read, self._zygote(strange and self._confined), *bounds)
                except Gone:
                    self.close()
        raise BadInput(LOST)

    def close(self) -> None:
        while self._zygotes:
            self._zygotes.popitem()[1].close()

    def _zygote(self, confined: bool) -> Workers:
        from backprop_check.submission.workers import started, started_confined

        if confined not in self._zygotes:
            self._zygotes[confined] = started_confined() if confined else started()
        return self._zygotes[confined]


_JUDGE = pytest.StashKey[Judge]()


def judge(config: pytest.Config) -> Judge:
    """Return the judge of a pytest run; it is closed when the run ends, however it does."""
    if _JUDGE not in config.stash:
        config.stash[_JUDGE] = made = Judge(time_limit(config), not config.getoption("backprop_trust_submissions"))
        config.add_cleanup(made.close)
    return config.stash[_JUDGE]


def _told(report: Report) -> Mapping[str, Told] | str:
    from backprop_check.classroom.formats.told import brief, codes
    from backprop_check.report.json import as_json

    if report.message is not None:
        return report.message
    return {
        gradient.verdict.target.name: Told(
            gradient.verdict.status,
            "\n".join(_lines(report, index)),
            brief(plain),
            bool(gradient.remarks or gradient.printed),
            plain["score"],
            tuple(codes(plain)),
        )
        for index, (gradient, plain) in enumerate(zip(report.gradients, as_json(report)["gradients"], strict=True))
    }


def _lines(report: Report, index: int) -> Iterator[str]:
    from backprop_check.report.layout import notice_lines
    from backprop_check.report.text import gradient_lines

    for line in (*notice_lines(report.notices, WIDTH), *gradient_lines(report.gradients[index], report, WIDTH)):
        yield line.plain.rstrip()
