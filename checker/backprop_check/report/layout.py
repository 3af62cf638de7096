"""Lay out text for a terminal: make it visible, wrap it, indent it. Values in, lines out; nothing is printed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator

from rich.cells import cell_len, set_cell_size
from rich.text import Text

INDENT = 3
CUT = "..."
"""Stands where a line that is too wide was cut. Three plain signs, since carets are counted below them."""

_SHAPE = r"\([\w·,+/ -]{1,24}\)"
_WHOLE = re.compile(rf"`[^`]*`|{_SHAPE} = {_SHAPE}|{_SHAPE}")


def visible(text: str) -> str:
    """Return `text` with tabs as four spaces and whatever would move the cursor, hide or reorder text as an escape (`\\x1b`)."""
    return "".join(c if c.isprintable() else "    " if c == "\t" else _escaped(c) for c in text)


def sentence(text: str, names: Collection[str] = ()) -> str:
    """Write `text` as a sentence. Where it begins with one of `names`, or with a file's, that stays as it is."""
    word = text.split(" ", 1)[0]
    first = text if word in names or "." in word else text[:1].upper() + text[1:]
    return first + ("" if text.endswith((".", "?", "!")) else ".") if text else ""


def cut(text: str, width: int) -> str:
    """Return `text` in at most `width` cells: one that is too wide ends in `CUT`."""
    return text if cell_len(text) <= width else set_cell_size(text, width - len(CUT)) + CUT


def wrap(text: str, width: int) -> list[str]:
    """Break `text` at spaces into lines of at most `width` cells; a longer word keeps its line to itself."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in _words(visible(paragraph)):
            if line and cell_len(line) + 1 + cell_len(word) > width:
                lines.append(line)
                line = word
            else:
                line = f"{line} {word}" if line else word
        lines.append(line)
    return lines


def _words(text: str) -> list[str]:
    """Split at spaces, but keep shapes and short pieces of code whole."""
    kept = _WHOLE.sub(lambda found: found[0] if len(found[0]) > 32 else found[0].replace(" ", "\0"), text)
    return [word.replace("\0", " ") for word in kept.split()]


def prose(text: str, width: int, indent: int = INDENT, style: str = "") -> Iterator[Text]:
    """Yield `text` wrapped and indented."""
    for line in wrap(text, max(20, width - indent)):
        yield Text(" " * indent + line, style=style)


def notice_lines(notices: Iterable[str], width: int) -> Iterator[Text]:
    """Yield what is to be said before all else: of the exercise's file, of the submission as a whole, of what failed before `backward`."""
    for notice in notices:
        yield from prose(f"! {notice}", width, indent=0, style="yellow")


def _escaped(character: str) -> str:
    code = ord(character)
    if unicodedata.category(character) == "Zs":
        return " "
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
