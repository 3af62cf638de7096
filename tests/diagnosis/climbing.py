"""The hints on one answer, and what holds of every such ladder."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from backprop_check.derivation.lesson import SHOWN, lesson
from backprop_check.exercise.solution import Step
from backprop_check.records import Gradient, Lesson, Report
from backprop_check.report.hint.ladder import STEPS, hint_lines
from backprop_check.trace.graph import load_graph


def taught_by(report: Report, *gradients: Gradient) -> Iterator[tuple[Gradient, Lesson]]:
    """What the graph teaches of some gradients of a report."""
    assert report.submission is not None
    graph = load_graph(report.exercise)
    for gradient in gradients:
        yield gradient, lesson(graph, report.submission, gradient.verdict)


def ladder(report: Report, gradient: Gradient, taught: Lesson, step: Step | None = None, width: int = 80) -> list[str]:
    """The four hints as text, without their headings."""
    assert report.submission is not None
    hints = ([*hint_lines(report.exercise, report.submission, gradient, taught, n, step, width)] for n in range(1, STEPS + 1))
    return ["\n".join(line.plain for line in lines[2:]) for lines in hints]


def spoken(hint: str) -> str:
    """What a hint says by itself, without the excerpts of the learner's lines and of the forward."""
    return "\n".join(line for line in hint.split("\n") if "│" not in line)


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def assert_climbs(hints: list[str], name: str, fixes: Iterator[str] | list[str]) -> None:
    assert len(hints) == STEPS
    assert all(hint.strip() for hint in hints)
    lines = [{line.strip() for line in spoken(hint).split("\n") if len(line.strip()) > 30} for hint in hints]
    for i, one in enumerate(lines):
        for other in lines[i + 1 :]:
            assert not one & other, "a step repeats another"
    for fix in fixes:
        whole = squeezed(fix) if not fix.isidentifier() else f"{name}={fix}"
        for hint in hints[:-1]:
            assert whole not in squeezed(spoken(hint)), hint


def assert_adds_up(taught: Lesson) -> None:
    """What comes back through all uses is the gradient."""
    assert math.isclose(sum(use.share for use in taught.uses), taught.gradient, rel_tol=1e-9, abs_tol=1e-12)
    for use in taught.uses:
        assert len(use.moved) == use.count or len(use.moved) == SHOWN
        if len(use.moved) == use.count:
            assert math.isclose(sum(m.slope * m.arrives for m in use.moved), use.share, rel_tol=1e-9, abs_tol=1e-12)
