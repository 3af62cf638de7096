"""An exercise file and its gradients, as pytest's collectors and items."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from _pytest._code.code import ReprExceptionInfo, ReprFileLocation, ReprTracebackNative, TerminalRepr

from backprop_check.errors import BadInput
from backprop_check.pytest_plugin.answers import Answers
from backprop_check.pytest_plugin.judging import judge
from backprop_check.pytest_plugin.questions import Question, read_question
from backprop_check.pytest_plugin.settings import short
from backprop_check.records import Target

SAID = "remark"
"""The section of a report that says what there is to say of a gradient that does not fail."""


class Wrong(Exception):
    """A gradient earns nothing: why in one line, and in full."""

    def __init__(self, brief: str, text: str) -> None:
        super().__init__(brief)
        self.brief, self.text = brief, text


class Answered(pytest.Item):
    """An item that is shown as what is said of it, without a traceback."""

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str | TerminalRepr:
        wrong = excinfo.value
        if not isinstance(wrong, Wrong):
            return super().repr_failure(excinfo, style)
        path, line, _ = self.reportinfo()
        where = ReprFileLocation(self.session._node_location_to_relpath(Path(path)), (line or 0) + 1, wrong.brief)
        return ReprExceptionInfo(reprtraceback=ReprTracebackNative([f"{wrong.text}\n"]), reprcrash=where)


class ExerciseFile(pytest.File):
    """An exercise; its items are the gradients to write, for each set of `answers` that `answering` gives."""

    def __init__(self, *, answering: Any, **others: Any) -> None:
        super().__init__(**others)
        self._answering = answering

    def collect(self) -> Iterator[GradientItem]:
        try:
            question = read_question(self.path)
        except BadInput as error:
            raise self.CollectError(short(self.config, str(error))) from None
        answering: Sequence[Answers] = self._answering(question)
        for answers in answering:
            for target in question.exercise.targets:
                name = f"{target.name}[{answers.name}]" if answers.name else target.name
                # Given as text, the id is taken apart as `--lf` takes apart those it has stored.
                whole = f"{self.nodeid}::{name}"
                yield GradientItem.from_parent(self, name=name, nodeid=whole, question=question, target=target, answers=answers)


class GradientItem(Answered):
    """One gradient of an exercise in one set of answers."""

    def __init__(self, *, question: Question, target: Target, answers: Answers, **others: Any) -> None:
        super().__init__(**others)
        self.question, self.target, self.answers = question, target, answers
        self.extra_keyword_matches |= {question.exercise.id, answers.student} - {""}

    def runtest(self) -> None:
        told = judge(self.config).told(self.question, self.answers)
        worth = self.question.exercise.points.get(self.target.name, 1.0)
        if isinstance(told, str):
            self._record(0.0, worth, "")
            raise Wrong(short(self.config, told), short(self.config, told))
        mine = told[self.target.name]
        self._record(mine.points, worth, " ".join(mine.codes))
        if mine.status in ("incorrect", "error"):
            raise Wrong(f"{' '.join((*mine.codes, ''))}{mine.brief}", mine.text)
        if mine.remarked:
            self.add_report_section("call", SAID, mine.text)
        if mine.status == "missing":
            pytest.skip(mine.brief)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        line = self.question.lines.get(self.target.name)
        return self.path, line - 1 if line else None, f"{self.question.exercise.id} {self.name}"

    def _record(self, points: float, worth: float, codes: str) -> None:
        told = {"exercise": self.question.exercise.id, "submission": self.answers.name, "student": self.answers.student}
        figures = {"points": points, "max_points": worth, "codes": codes}
        self.user_properties[:] = [(name, value) for name, value in {**figures, **told}.items() if value != ""]


class UntoldItem(Answered):
    """A file that was handed in and answers no exercise that can be told: it fails, saying so."""

    def __init__(self, *, why: str, **others: Any) -> None:
        super().__init__(**others)
        self.why = why

    def runtest(self) -> None:
        self.user_properties[:] = [("points", 0.0)]
        raise Wrong(self.why, self.why)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, self.name
