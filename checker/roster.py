"""Who is in the class: the teacher's own table, kept as it was so that it can be filled and handed back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Student:
    """One student of a roster: `label` is the `student` of results and unique, `row` an index into the roster's rows."""

    label: str
    keys: frozenset[str]
    row: int


@dataclass(frozen=True)
class Roster:
    """A table with its header; `rows` are all below it as in the file, with Canvas's row of points possible."""

    kind: Literal["canvas", "moodle", "plain"]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    students: tuple[Student, ...]
