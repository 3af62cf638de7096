"""What a learner slipped on and got right, one line each in a file of their own course. Nothing here needs torch.

Nothing is sent anywhere, and no command but `practice` reads it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

FILE = "slips.jsonl"
AGAIN, HARD, GOOD = 1, 2, 3
"""How it went, as spaced repetition counts it: the mistake was made, it was avoided with help, it was avoided."""


@dataclass(frozen=True)
class Entry:
    """One thing that happened: to a code, in an exercise whose forward has so many lines."""

    at: str
    code: str
    rating: int
    exercise: str
    lines: int

    @property
    def when(self) -> datetime:
        return datetime.fromisoformat(self.at)


def now() -> datetime:
    return datetime.now(UTC)


def entry(code: str, rating: int, exercise: str, lines: int, when: datetime | None = None) -> Entry:
    return Entry((when or now()).isoformat(timespec="seconds"), code, rating, exercise, lines)


def read(folder: Path) -> list[Entry]:
    """Return all that was noted in the store `folder`, in its order. A line that is none is passed over."""
    try:
        text = (folder / FILE).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return sorted(_entries(text.splitlines()), key=lambda entry: entry.when)


def add(folder: Path, entries: Iterable[Entry]) -> None:
    """Note what happened: lines appended in one write, so that two commands at once lose none. Raises `OSError`."""
    text = "".join(json.dumps(asdict(entry)) + "\n" for entry in entries)
    if not text:
        return
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def slips(exercise: str, lines: int, before: Mapping[str, str], codes: Mapping[str, str]) -> list[Entry]:
    """Return the slips that are new in a check: of gradients that were not told that code before."""
    return [entry(code, AGAIN, exercise, lines) for code in dict.fromkeys(c for name, c in codes.items() if before.get(name) != c)]


def _entries(lines: Iterable[str]) -> Iterator[Entry]:
    for line in lines:
        try:
            found = Entry(**json.loads(line))
            sound = found.when.tzinfo is not None and found.rating in (AGAIN, HARD, GOOD) and isinstance(found.lines, int)
            if sound and isinstance(found.code, str) and isinstance(found.exercise, str):
                yield found
        except (ValueError, TypeError):
            continue
