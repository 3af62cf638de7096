"""A report as a piece of HTML for a notebook: static, with its styles in the elements, readable on a light and on a dark ground.

Front ends clean what they show: scripts, style sheets and SVG may be gone, `style` attributes with plain colours and `<details>` stay.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from backprop_check.records import Gradient, Report
from backprop_check.report.json import as_json
from backprop_check.report.pages.heat import Heat, at_nominal_sizes, heat
from backprop_check.report.pages.html import template
from backprop_check.report.pages.outline import Outline, outlines
from backprop_check.report.pages.view import Target, targets
from backprop_check.report.text import place

COLUMNS = 88
"""Where the lines of hints are broken."""

RED, GREEN, AMBER, BLUE, GREY = "#cf4a3c", "#2b8a50", "#a86a00", "#2f7fb5", "#7a7a7a"
"""Colours of a middle lightness: on white and on black alike they stand out by more than 3.9 to 1."""

COLOURS = {
    "colours": {"correct": GREEN, "incorrect": RED, "error": RED, "missing": GREY},
    "quiet": GREY,
    "blue": BLUE,
    "amber": AMBER,
}
_TERMINAL = {"red": RED, "green": GREEN, "yellow": AMBER, "cyan": BLUE}
_ANSI = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")


@dataclass(frozen=True)
class Shown:
    """One gradient as the page has it, with what only a notebook shows. `hints` are the steps as markup, from the first."""

    target: Target
    where: str
    heat: Heat | None
    outlines: tuple[Outline, ...]
    hints: tuple[Markup, ...]
    opened: int


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
    return Shown(target, place(gradient, report), heat(gradient), outlines(gradient), steps, opened.get(target.name, 0))


def _marked_up(lines: Iterable[Text]) -> Markup:
    """Return styled lines as escaped HTML with inline styles."""
    console = Console(file=io.StringIO(), record=True, force_jupyter=False, width=10 * COLUMNS, markup=False, highlight=False, emoji=False)
    for line in lines:
        console.print(line, no_wrap=True, overflow="ignore", crop=False, soft_wrap=True)
    return Markup(console.export_html(theme=_theme(), code_format="{code}", inline_styles=True).strip("\n"))  # noqa: S704 (rich escapes)


def _theme() -> TerminalTheme:
    plain = [_rgb(_TERMINAL.get(name, GREY)) for name in _ANSI]
    return TerminalTheme(_rgb(GREY), _rgb(GREY), plain, plain)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
