"""The page of a mistake, and the list of all, as text for a terminal. Values in, lines out; nothing is printed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.text import Text

from backprop_check.diagnosis.pages import Page
from backprop_check.report.layout import prose, visible

_STYLES = {"Wrong": "red", "Right": "green"}
_LABEL = 9


def page_lines(page: Page, width: int) -> Iterator[Text]:
    """Yield a page: the sentence, the small example, why, and where to read more."""
    yield Text(page.code, style="bold")
    yield from prose(page.sentence[:1].upper() + page.sentence[1:], width, indent=0)
    yield Text()
    yield from example_lines(page, width)
    for paragraph in page.sections.get("Why", "").split("\n\n"):
        yield Text()
        yield from prose(" ".join(paragraph.split()), width, indent=0)
    if "Read more" in page.sections:
        yield Text()
        yield from prose("Read more: " + " ".join(page.sections["Read more"].split()), width, indent=0, style="dim")


def example_lines(page: Page, width: int) -> Iterator[Text]:
    """Yield the page's example: a forward, its shapes, the wrong line and the right one."""
    for heading in ("Forward", "Shapes", "Wrong", "Right"):
        if heading in page.sections:
            for i, line in enumerate(_code_lines(page.sections[heading], width - _LABEL - 3)):
                yield Text.assemble("   ", (f"{heading.lower() if i == 0 else '':{_LABEL}}", "dim"), (line, _STYLES.get(heading, "")))


def index_lines(pages: Sequence[Page], width: int) -> Iterator[Text]:
    """Yield all codes by family, each with its sentence."""
    column = max((len(page.code) for page in pages), default=0) + 5 if width >= 60 else 5
    for family, members in groupby(pages, key=lambda page: page.family):
        yield Text(family, style="bold")
        for page in members:
            lines = list(prose(page.sentence, width, indent=column))
            if column > 5:
                lines[0] = Text.assemble(f"   {page.code}".ljust(column), lines[0].plain.strip())
            else:
                yield Text(f"   {page.code}")
            yield from lines
        yield Text()
    yield from prose("`backprop-check explain CODE` prints the page of one.", width, indent=0)


def _code_lines(code: str, width: int) -> Iterator[str]:
    """Break at the semicolons where all statements on one line are too wide."""
    text = visible(code)
    yield from [text] if len(text) <= width else text.split("; ")
