"""A report as a piece of HTML for a notebook: static, with its styles in the elements, readable on a light and on a dark ground.

Front ends clean what they show: scripts, style sheets and SVG may be gone, `style` attributes with plain colours and `<details>` stay.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup
from rich.console import Console
from rich.text import Text

from backprop_check.classroom.pages.heat import Heat, at_nominal_sizes, heat
from backprop_check.classroom.pages.html import template
from backprop_check.classroom.pages.outline import Outline, outlines
from backprop_check.classroom.pages.view import Target, targets
from backprop_check.records import Gradient, Report
from backprop_check.report.json import as_json
from backprop_check.report.layout import visible
from backprop_check.report.text import place

COLUMNS = 88
"""Where the lines of hints are broken."""

RED, GREEN, AMBER, GREY = "#c0392b", "#257a46", "#946000", "#707070"
"""The grounds of white signs, and lines. No colour of text reaches 4.5 to 1 on white and on a dark ground: text has the page's own."""

COLOURS = {"colours": {"correct": GREEN, "incorrect": RED, "error": RED, "missing": GREY}, "amber": AMBER, "grey": GREY}
_COLOUR = re.compile(r" *(?:text-decoration-|background-)?color: #[0-9a-f]{6};?")


@dataclass(frozen=True)
class Shown:
    """One gradient as the page has it, with what only a notebook shows.

    `hints` are the steps as markup, from the first; `printed` is what was printed, by the line of the code.
    """

    target: Target
    where: str
    heat: Heat | None
    outlines: tuple[Outline, ...]
    hints: tuple[Markup, ...]
    opened: int
    printed: tuple[tuple[int, str], ...] = ()


def fragment(report: Report, summary: str, hints: Mapping[str, Sequence[Iterable[Text]]], opened: Mapping[str, int]) -> str:
    """Return the HTML of a report.

    `summary` is its last line, `hints` are by target the lines of each hint, of which the first `opened` are open.
    """
    shown_at = (replace(gradient, verdict=at_nominal_sizes(gradient.verdict)) for gradient in report.gradients)
    report, submission = replace(report, gradients=tuple(shown_at)), report.submission
    lines = (submission.text or submission.body).split("\n") if submission is not None else None
    shown = [_shown(g, report, t, hints, opened) for g, t in zip(report.gradients, targets(as_json(report), lines), strict=True)]
    return template("cell.html").render(exercise=report.exercise, shown=shown, notices=report.notices, summary=summary, **COLOURS)


def _shown(
    gradient: Gradient, report: Report, target: Target, hints: Mapping[str, Sequence[Iterable[Text]]], opened: Mapping[str, int]
) -> Shown:
    steps = tuple(_marked_up(lines) for lines in hints.get(target.name, ()))
    printed = tuple((line, "\n".join(map(visible, lines))) for line, lines in gradient.printed)
    return Shown(target, place(gradient, report), heat(gradient), outlines(gradient), steps, opened.get(target.name, 0), printed)


def _marked_up(lines: Iterable[Text]) -> Markup:
    """Return styled lines as escaped HTML with inline styles, without colours."""
    console = Console(file=io.StringIO(), record=True, force_jupyter=False, width=10 * COLUMNS, markup=False, highlight=False, emoji=False)
    for line in lines:
        console.print(line, no_wrap=True, overflow="ignore", crop=False, soft_wrap=True)
    styled = console.export_html(code_format="{code}", inline_styles=True).strip("\n")
    return Markup(re.sub(r'(?<=<span style=")[^"]*', lambda found: _COLOUR.sub("", found[0]), styled))  # noqa: S704 (rich escapes)
