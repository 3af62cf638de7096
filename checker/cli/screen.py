"""The one place that prints."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

_PLAIN: dict[str, str | int | None] = {
    "✓": "+",
    "✗": "x",
    "·": "*",
    "│": "|",
    "─": "-",
    "→": "->",
    "Δ": "d",
    "∂": "d",
    "×": "x",
    "…": "...",
    "–": "-",
    "−": "-",
}


def width() -> int:
    """Return how many cells a line may have: the terminal's, else 80 (or what COLUMNS says)."""
    from rich.console import Console

    return Console(file=sys.stdout).width


def show(lines: Iterable[Text]) -> None:
    """Print lines on standard output, with colour where it is a terminal that wants it. Nothing is cut, wrapped or read as markup."""
    from rich.console import Console

    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    with console.capture() as capture:
        for line in lines:
            console.print(line, no_wrap=True, overflow="ignore", crop=False, soft_wrap=True)
    write(capture.get())


def write(text: str) -> None:
    """Print text in whatever encoding standard output has: signs it lacks are replaced by plain ones, the rest by escapes."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(str.maketrans(_PLAIN)).encode(encoding, "backslashreplace").decode(encoding)
    sys.stdout.write(text)
