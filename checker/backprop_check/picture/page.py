"""The page as one file of HTML: nothing is fetched, and without JavaScript it is the whole graph with all steps below it."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

from markupsafe import Markup

from backprop_check.classroom.pages.html import template
from backprop_check.picture.boxes import SIZE
from backprop_check.picture.copied import CELL
from backprop_check.picture.drawing import drawing
from backprop_check.picture.picture import Picture

HERE = Path(__file__).parent
OURS = '<meta name="generator" content="backprop-check graph">'
"""By this a file is known as one of these pages, which may be written again."""


def page(picture: Picture) -> str:
    """Return the page of a picture."""
    script = _script()
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    steps = {step.node: i for i, step in enumerate(picture.steps, 1)}
    nodes = {node.name: i for i, node in enumerate(picture.nodes)}
    return template("page.html", HERE).render(
        picture=picture,
        drawn=drawing(picture),
        by_name={node.name: node for node in picture.nodes},
        steps=steps,
        nodes=nodes,
        ours=Markup(OURS),  # noqa: S704 (ours, as the script is)
        script=Markup(script),  # noqa: S704
        allowed=allowed,
        size=SIZE,
        cell=CELL,
    )


def figure(picture: Picture) -> str:
    """Return the graph alone, as a part of another page, which has `style` and says what the colours are."""
    return template("figure.html", HERE).render(picture=picture, drawn=drawing(picture))


def style() -> str:
    """Return how a graph is drawn, as CSS."""
    return template("graph.css", HERE).render(size=SIZE)


@cache
def _script() -> str:
    return (HERE / "page.js").read_text(encoding="utf-8")
