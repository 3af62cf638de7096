"""The class page: `class_data` as one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from backprop_check.classroom.pages.class_data import class_data
from backprop_check.classroom.pages.html import template
from backprop_check.classroom.pages.plots import Told, histogram, shares
from backprop_check.classroom.results import Result

LISTED = 50
"""So many names of a kind are listed; class.json has all."""


def class_page(
    results: Sequence[Result], absent: Sequence[str] = (), strangers: Sequence[str] = (), aside: Sequence[tuple[str, str]] = ()
) -> str:
    """Return the page for the teacher. What there is beside results is as in `class_data`."""
    return page_of(class_data(results, absent, strangers, aside))


def page_of(data: Mapping[str, Any]) -> str:
    """Return the page that shows `data`, which is what `class_data` returned."""
    plots = [_plots(exercise, number) for number, exercise in enumerate(data["exercises"], 1)]
    return template("class.html").render(data=data, plots=plots, listed=LISTED)


def _plots(exercise: Mapping[str, Any], number: int) -> dict[str, Markup]:
    """The plots are written by matplotlib with every text escaped, so they are markup."""
    made = {"shares": Markup(), "marks": Markup()}
    targets, marks = exercise["targets"], exercise["marks"]
    if targets:
        says = "; ".join(f"{t['name']}: {t['correct']} of {t['of']} right" for t in targets) + "."
        made["shares"] = Markup(shares(targets, Told(f"shares-{number}", f"{exercise['id']}: verdicts by gradient", says)))  # noqa: S704
    if exercise["judged"]:
        says = "; ".join(f"{m['count']} with {m['from']:g}" for m in marks if m["count"]) + f", of {exercise['max_score']:g} points."
        made["marks"] = Markup(histogram(marks, Told(f"marks-{number}", f"{exercise['id']}: marks", says)))  # noqa: S704
    return made
