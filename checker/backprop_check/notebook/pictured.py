"""The forward of an exercise as a notebook displays it: the page of `graph --html` in a frame of its own, else the text of the command."""

from __future__ import annotations

import html
from dataclasses import dataclass

from backprop_check.cli.asked import Asked
from backprop_check.cli.graph import drawn, pictured
from backprop_check.cli.screen import width
from backprop_check.notebook.shown import WIDTH

HIGH = 640


@dataclass(frozen=True, repr=False)
class Pictured:
    """The display object of `%graph`. In its frame the page has keys of its own, and nothing of it reaches the notebook."""

    exercise: str
    text: str
    page: str

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        size = f"width: 100%; height: {HIGH}px; border: 0"
        title, page = html.escape(self.exercise), html.escape(self.page)
        return f'<iframe title="The forward of {title}" sandbox="allow-scripts" style="{size}" srcdoc="{page}"></iframe>'


def displayed(question: Asked) -> Pictured:
    """Return the display object for an exercise. Raises `BadInput`."""
    from backprop_check.picture.page import page

    lines = [line.plain.rstrip() for line in drawn(question, min(width(), WIDTH))]
    return Pictured(question.id, "\n".join(lines), page(pictured(question)))
