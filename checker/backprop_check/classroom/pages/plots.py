"""The plots of the class page, as inline SVG that takes its colours and its font from the page. Imports matplotlib when called."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from backprop_check.classroom.pages.prose import clear, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Colours that stand in for the page's own, which matplotlib cannot write.
_INK, _QUIET, _BAR = "#a10001", "#a10002", "#a10003"
_STATUS = {"correct": "#a10004", "incorrect": "#a10005", "error": "#a10006", "missing": "#a10007"}
_VARIABLES = {
    _INK: "currentColor",
    _QUIET: "var(--quiet)",
    _BAR: "var(--bar)",
    _STATUS["correct"]: "var(--right-bar)",
    _STATUS["incorrect"]: "var(--wrong-bar)",
    _STATUS["error"]: "var(--error-bar)",
    _STATUS["missing"]: "var(--missing-bar)",
}
_STANDING_IN = re.compile("|".join(_VARIABLES))
_FONT = re.compile(r"font-family: [^;]*; ")

WIDTH = 4.8  # inches; the page scales it
_ROW, _LETTER = 0.27, 0.072
_NAME_MOST = 26


@dataclass(frozen=True)
class Told:
    """What a plot is called, and what it shows in a sentence, for those who cannot see it. `key` is its own in the page."""

    key: str
    title: str
    says: str


def shares(targets: Sequence[Mapping[str, Any]], told: Told) -> str:
    """Draw a bar for each target, split by verdict, with the counts in it and the share right behind it."""
    names = [clear(t["name"]) for t in targets]
    names = [name if len(name) <= _NAME_MOST else name[: _NAME_MOST - 1] + "…" for name in names]
    left, right = 0.12 + _LETTER * max(map(len, names)), 0.5

    def draw(axes: Axes) -> None:
        start = [0.0] * len(targets)
        for status, colour in _STATUS.items():
            widths = [target[status] / target["of"] for target in targets]
            axes.barh(range(len(targets)), widths, left=start, height=0.72, color=colour, clip_on=False)
            for row, (at, width) in enumerate(zip(start, widths, strict=True)):
                if width > 0.07:
                    axes.text(at + width / 2, row, str(targets[row][status]), ha="center", va="center_baseline", color=_INK, size=7.5)
            start = [at + width for at, width in zip(start, widths, strict=True)]
        for row, target in enumerate(targets):
            axes.text(-0.015, row, names[row], ha="right", va="center_baseline", color=_INK, family="monospace")
            axes.text(1.02, row, percent(target["correct"], target["of"]), ha="left", va="center_baseline", color=_QUIET)
        axes.set(xlim=(0, 1), ylim=(len(targets) - 0.5, -0.5))

    return _drawn(draw, _ROW * len(targets), (left / WIDTH, 0, 1 - (left + right) / WIDTH, 1), told)


def histogram(marks: Sequence[Mapping[str, Any]], told: Told) -> str:
    """Draw how many submissions have each mark, with the count above each bar."""
    most = max(mark["count"] for mark in marks) or 1

    def draw(axes: Axes) -> None:
        axes.bar(range(len(marks)), [mark["count"] for mark in marks], width=0.8, color=_BAR, clip_on=False)
        for place, mark in enumerate(marks):
            if mark["count"]:
                axes.text(place, mark["count"] + most * 0.04, str(mark["count"]), ha="center", va="bottom", color=_INK)
            axes.text(place, -most * 0.06, f"{mark['from']:g}", ha="center", va="top", color=_QUIET)
        axes.plot([-0.5, len(marks) - 0.5], [0, 0], color=_QUIET, linewidth=0.6, clip_on=False)
        axes.set(xlim=(-0.5, max(len(marks), 7) - 0.5), ylim=(0, most))

    return _drawn(draw, 1.35, (0.02, 0.17, 0.96, 0.68), told)


def _drawn(draw: Callable[[Axes], None], height: float, place: tuple[float, float, float, float], told: Told) -> str:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    written = StringIO()
    settings = rc_context({"svg.fonttype": "none", "text.parse_math": False, "font.size": 8.5})
    with settings, warnings.catch_warnings(action="ignore"):  # of glyphs that matplotlib's own font lacks: the browser draws them
        figure = Figure(figsize=(WIDTH, height))
        axes = figure.add_axes(place)
        axes.set_axis_off()
        draw(axes)
        figure.savefig(written, format="svg", transparent=True, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return _inline(written.getvalue(), told)


def _inline(svg: str, told: Told) -> str:
    """Return the `<svg>` for a page: no ids, which another plot would have too, no style sheet, no metadata, no fixed size."""
    root = ElementTree.fromstring(svg)  # noqa: S314 - written by matplotlib just now
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.rpartition("}")[2] in ("metadata", "defs"):
                parent.remove(child)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.attrib.pop("id", None)
        style = element.attrib.get("style", "")
        if "font-family" in style:
            element.attrib["style"] = _FONT.sub("font-family: var(--mono); " if "monospace" in style else "", style)
    root.attrib = {"viewBox": root.attrib["viewBox"], "role": "img", "aria-labelledby": f"{told.key}-title {told.key}-says"}
    for place, (tag, key, text) in enumerate((("title", "title", told.title), ("desc", "says", told.says))):
        element = ElementTree.Element(tag, {"id": f"{told.key}-{key}"})
        element.text = clear(text)
        root.insert(place, element)
    return _STANDING_IN.sub(lambda found: _VARIABLES[found[0]], ElementTree.tostring(root, encoding="unicode"))
