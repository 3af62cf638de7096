"""The gradebook a teacher exported from Canvas, filled so that Canvas takes it back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from backprop_check.classroom.columns import points_at
from backprop_check.classroom.formats.marks import Marks, marks
from backprop_check.classroom.formats.sheet import column, number, padded, read_number, safe, written
from backprop_check.classroom.results import Result
from backprop_check.classroom.roster import Roster
from backprop_check.errors import BadInput

NAME = "canvas"
_ID = re.compile(r"\s*\(\d+\)\s*$")
_NUMBER = re.compile(r"\((\d+)\)$")


def files(results: Sequence[Result], roster: Roster | None) -> Iterator[tuple[str, str]]:
    """Yield `canvas.csv`: the teacher's file with the scores in the column of each exercise, scaled to its points possible.

    A column that Canvas does not know yet becomes a new assignment when the file is imported. Raises `BadInput` without a gradebook.
    """
    if roster is None or roster.kind != "canvas":
        lacking = "give it with --roster" if roster is None else "the file given with --roster is none: export it again, as it is"
        raise BadInput(f"--format canvas fills the gradebook you exported from Canvas: {lacking}.")
    class_marks = marks(results, roster)
    header = list(roster.header)
    points_row = points_at(header, roster.rows)
    columns = _columns(header, _assignments(roster), class_marks, results)
    if roster.column is not None and len(columns) == 1:
        header, columns = list(roster.header), dict.fromkeys(columns, roster.column)
    rows = [padded(row, len(header)) for row in roster.rows]
    for exercise, where in columns.items():
        _fill(rows, where, exercise, class_marks, roster, points_row)
    yield "canvas.csv", written([header, *rows])


def _fill(rows: list[list[str]], where: int, exercise: str, class_marks: Marks, roster: Roster, points_row: int | None) -> None:
    maximum = class_marks.maximum[exercise]
    possible = read_number(rows[points_row][where]) if points_row is not None else None
    if points_row is not None and not rows[points_row][where].strip():
        rows[points_row][where] = number(maximum)
    scale = possible / maximum if possible and maximum else 1.0
    for student in roster.students:
        best = class_marks.best.get(student.label, {}).get(exercise)
        # An excused student stays excused, and one without the assignment without it.
        if best is not None and rows[student.row][where].strip().upper() not in ("EX", "N/A"):
            rows[student.row][where] = number(best.score * scale)


def named_column(roster: Roster, name: str) -> int:
    """Return the column that a teacher names, by its title, a part of it or Canvas's number. Raises `BadInput`."""
    wanted = name.strip().casefold()
    titles = {i: roster.header[i].strip().casefold() for i in _assignments(roster)} if roster.kind == "canvas" else {}
    same = [i for i, title in titles.items() if wanted in (title, _ID.sub("", title), *_NUMBER.findall(title))]
    for found in (same, [i for i, title in titles.items() if wanted in title]):
        if len(found) == 1:
            return found[0]
    listed = ", ".join(repr(roster.header[i]) for i in titles) or "it is no gradebook of Canvas's"
    raise BadInput(f"--column {name!r} names no column, or several, of the assignments in the roster: {listed}.")


def _columns(header: list[str], free: list[int], class_marks: Marks, results: Sequence[Result]) -> dict[str, int]:
    """Return the column of each exercise; `header` gets those that are lacking."""
    titles = {result.exercise: result.report["title"] or result.exercise for result in results}
    alone = free if len(free) == 1 and len(class_marks.maximum) == 1 else []
    columns: dict[str, int] = {}
    for exercise in class_marks.maximum:
        found = _named(header, free, exercise, titles[exercise]) or alone
        if found:
            columns[exercise] = found[0]
            free.remove(found[0])
        else:
            columns[exercise] = len(header)
            header.append(safe(exercise))
    return columns


def _named(header: list[str], free: list[int], exercise: str, title: str) -> list[int]:
    """Return the one column that is named after an exercise; failing that, has its id as a word, or its number."""
    names = {i: _ID.sub("", header[i]).strip(" .").casefold() for i in free}
    equal = [i for i, name in names.items() if name in (exercise.casefold(), title.strip(" .").casefold())]
    word = [i for i, name in names.items() if re.search(rf"(?<!\w){re.escape(exercise.casefold())}(?!\w)", name)]
    own = re.fullmatch(r"[a-z]+0*(\d+)", exercise.casefold())
    numbered = [i for i, name in names.items() if own and re.findall(r"\d+\w?", name) in ([own[1]], [f"0{own[1]}"])]
    return next((found for found in (equal, word, numbered) if len(found) == 1), [])


def _assignments(roster: Roster) -> list[int]:
    """Return the columns of assignments: behind the section, with Canvas's id or points possible, and not read only as totals are."""
    header, points_row = roster.header, points_at(roster.header, roster.rows)
    first = (column(header, "Section") or 0) + 1
    cells = padded(roster.rows[points_row] if points_row is not None else [], len(header))
    return [i for i in range(first, len(header)) if "read only" not in cells[i] and (_ID.search(header[i]) or read_number(cells[i]))]
