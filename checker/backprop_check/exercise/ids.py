"""What exercises and their files are called, and what a person's name for one means. Nothing here needs torch."""

from __future__ import annotations

import re
from pathlib import Path

_FILE = re.compile(r"(ex(\d+)([a-z]?))_\w+\.py")
_DRAWN = re.compile(r"p0*(\d{1,9})")
_ASKED = re.compile(r"(?:ex)?0*(\d{1,9})([a-z]?)", re.IGNORECASE)


def exercise_id(path: Path) -> str:
    """Return what an exercise file is called: `ex05` for ex05_broadcast.py, else its stem."""
    match = _FILE.fullmatch(path.name)
    return match[1] if match else path.stem


def is_exercise_name(name: str) -> bool:
    """Whether a file of this name is an exercise of its folder: `ex05_broadcast.py`."""
    return _FILE.fullmatch(name) is not None


def drawn_name(name: str) -> str | None:
    """Return the id of the practice exercise that a name as people write it (p7, p0007) means; None where it means none."""
    asked = _DRAWN.fullmatch(name.lower())
    return f"p{int(asked[1]):04}" if asked else None


def names_exercise(name: str) -> bool:
    """Whether a word of a command line can only mean an exercise, there or not: an id, a file's name or a path."""
    if numbered(name) is not None or drawn_name(name) is not None:
        return True
    return Path(name).suffix in (".py", ".ipynb") or is_exercise_name(f"{name}.py") or "/" in name


def means(name: str, exercise: str) -> bool:
    """Whether `name`, as people name an exercise (5, ex05, ex05_broadcast, a path), means the exercise with that id."""
    own = exercise_id(Path(name if name.endswith(".py") else f"{name}.py"))
    asked = numbered(own)
    return own == exercise if asked is None else asked == numbered(exercise)


def in_order(path: Path) -> tuple[int, str, str]:
    """Return by what exercise files are sorted: ex01, ex01b, ex02 and so on."""
    match = _FILE.fullmatch(path.name)
    return (int(match[2]), match[3], path.name) if match else (0, "", path.name)


def numbered(name: str) -> tuple[int, str] | None:
    """Return the number and the letter that a name as people write it (ex05, 5, 05b) gives; None where it gives none."""
    asked = _ASKED.fullmatch(name)
    return (int(asked[1]), asked[2].lower()) if asked else None
