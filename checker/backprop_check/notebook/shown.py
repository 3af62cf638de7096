"""A report as a notebook displays it: HTML where the front end takes it, else the text of the command."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from rich.text import Text

from backprop_check.cli.asked import Asked
from backprop_check.cli.check import steps
from backprop_check.derivation.lesson import lesson
from backprop_check.records import Gradient, Report
from backprop_check.report.hint.ladder import STEPS, hint_lines
from backprop_check.report.text import report_lines, summary
from backprop_check.trace.graph import load_graph

WIDTH = 88


@dataclass(frozen=True, repr=False)
class Shown:
    """The display object of one check. `hint` is how far the hints for the first gradient that is not right are open, 0 for not at all."""

    report: Report
    question: Asked
    hint: int = 0

    def __repr__(self) -> str:
        from backprop_check.cli.screen import width

        columns = min(width(), WIDTH)
        lines = [*report_lines(self.report, columns)]
        for gradient in self._hinted()[:1]:
            if self.hint:
                lines += [Text(f"\nHint {self.hint} of {STEPS} on {gradient.verdict.target.name}:"), Text()]
                lines += self._hints(gradient, [self.hint], columns)[0]
            if self.hint < STEPS:
                clearer = "clearer " * (self.hint > 0)
                lines += [Text(f"\n`%%backward {self.question.named} --hint {self.hint + 1}` gives a {clearer}hint.")]
        return "\n".join(line.plain.rstrip() for line in lines)

    def _repr_html_(self) -> str:
        from backprop_check.classroom.pages.cell import COLUMNS, fragment

        hints = {g.verdict.target.name: self._hints(g, range(1, STEPS + 1), COLUMNS) for g in self._hinted()}
        opened = dict.fromkeys(list(hints)[:1], self.hint)
        return fragment(self.report, " ".join(line.plain for line in summary(self.report, 1000)), hints, opened)

    def _hinted(self) -> list[Gradient]:
        """The gradients that get hints: those that are wrong, and the first of those not written."""
        wrong = [g for g in self.report.gradients if g.verdict.status != "correct"]
        missing = [g for g in wrong if g.verdict.status == "missing"]
        return [g for g in wrong if g not in missing[1:]]

    def _hints(self, gradient: Gradient, numbers: Iterable[int], width: int) -> list[list[Text]]:
        """The lines of some hints on a gradient, without their headings."""
        exercise, submission, name = self.report.exercise, self.report.submission, gradient.verdict.target.name
        assert submission is not None
        taught, known = lesson(load_graph(exercise), submission, gradient.verdict), steps(self.question).get(name)
        return [list(islice(hint_lines(exercise, submission, gradient, taught, n, known, width), 2, None)) for n in numbers]
