"""The class page: `class_data` as one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from backprop_check.classroom.pages.class_data import class_data
from backprop_check.classroom.pages.html import template
from backprop_check.classroom.results import Result
from backprop_check.classroom.roll import Roll

LISTED = 50
"""So many names of a kind are listed; class.json has all."""


def class_page(results: Sequence[Result], roll: Roll = Roll()) -> str:  # noqa: B008 - frozen
    """Return the page for the teacher. What there is beside results is as in `class_data`."""
    return page_of(class_data(results, roll))


def page_of(data: Mapping[str, Any]) -> str:
    """Return the page that shows `data`, which is what `class_data` returned."""
    return template("class.html").render(data=data, listed=LISTED)
