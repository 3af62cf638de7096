"""Feedback as one self-contained HTML file, and the templates of all pages. Whatever a template prints is made visible and escaped."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from backprop_check.classroom.pages.code import gutter
from backprop_check.classroom.pages.prose import clear, percent, pieces
from backprop_check.classroom.pages.view import Part, view


def html(student: str, parts: Sequence[Part]) -> str:
    """Return the feedback page of a student, one section a submission."""
    return template("feedback.html").render(student=student, views=[view(part) for part in parts])


HERE = Path(__file__).parent


@cache
def template(name: str, folder: Path = HERE) -> Template:
    """Return the compiled template of that name in a folder; it may build on those beside this file."""
    return _environment(folder).get_template(name)


@cache
def _environment(folder: Path) -> Environment:
    loader = FileSystemLoader([folder, HERE])
    made = Environment(loader=loader, autoescape=True, finalize=_shown, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters |= {"pieces": pieces, "gutter": gutter}
    made.globals |= {"percent": percent, "newline": Markup("\n")}
    return made


def _shown(value: Any) -> Any:
    return clear(value) if isinstance(value, str) and not isinstance(value, Markup) else value
