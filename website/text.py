"""Words as Markdown, and what a terminal shows as HTML, in its colours."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator

from rich.console import Console
from rich.text import Text

WIDTH, NARROW = 80, 40
"""Cells of a line as printed, in a terminal and in the narrow one that a telephone has."""

ORPHAN = "---\norphan: true\n---\n"
"""Opens a page that is in no table of contents."""

_CODE = re.compile(r"`([^`]+)`|(?<![\w.\[])(\w*[a-zA-Z0-9]_\w+(?:\[\w+\])?)")
_SIGNS = re.compile(r"([\\*_\[\]<>#{}|$~])")
_CONSOLE = Console(width=WIDTH, color_system="truecolor")


def prose(text: str) -> str:
    """Return paragraphs as Markdown: code is what stands in backticks or has an underscore; all other signs stand for themselves."""
    return "\n\n".join(_paragraph(" ".join(part.split())) for part in text.split("\n\n"))


def _paragraph(text: str) -> str:
    told, at = "", 0
    for found in _CODE.finditer(text):
        told += _SIGNS.sub(r"\\\1", text[at : found.start()]) + code(found[1] or found[2])
        at = found.end()
    return told + _SIGNS.sub(r"\\\1", text[at:])


def code(text: str) -> str:
    """Return code within a line; within a table `|` ends no cell."""
    return f"`{text}`".replace("|", r"\|")


def block(text: str, language: str = "python") -> str:
    return f"```{language}\n{text.strip(chr(10))}\n```\n"


def fold(summary: str, inside: str) -> str:
    """Return what is shown only when it is asked for."""
    return f"<details><summary>{html.escape(summary)}</summary>\n\n{inside}\n</details>\n"


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def entry(title: str, page: str) -> str:
    """Return an entry of a table of contents that is shorter than the page's own title."""
    return f"{title} <{page}>"


def toctree(entries: Iterable[str], caption: str = "", hidden: bool = True) -> str:
    options = [":hidden:"] * hidden + [f":caption: {caption}"] * bool(caption) + [":glob:"]
    return "\n".join(["```{toctree}", *options, "", *entries, "```", ""])


def printed(lines: Callable[[int], Iterable[Text]]) -> str:
    """Return what a terminal of so many columns shows, for both widths: the page shows the one that has room."""
    told = (("wide", lines(WIDTH)), ("narrow", lines(NARROW)))
    return "\n\n".join(f'<pre class="printed {kind}" tabindex="0">{_html(shown)}</pre>' for kind, shown in told) + "\n"


def _html(lines: Iterable[Text]) -> str:
    return "\n".join("".join(_spans(line)) for line in lines).rstrip()


def _spans(line: Text) -> Iterator[str]:
    for segment in line.render(_CONSOLE):
        style, text = segment.style, html.escape(segment.text, quote=False)
        looks = [] if style is None else [look for look in ("bold", "dim") if getattr(style, look)]
        if style is not None and style.color is not None:
            looks.append(style.color.name)
        yield f'<span class="{" ".join(looks)}">{text}</span>' if looks else text
