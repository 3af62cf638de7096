"""The CSV of nbgrader's exporter: one row for each exercise and student."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backprop_check.classroom.formats.marks import marks, students
from backprop_check.classroom.formats.sheet import column, padded, safe, written
from backprop_check.classroom.results import Result
from backprop_check.classroom.roster import Roster

NAME = "nbgrader"
HEADER = (
    *("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email"),
    *("raw_score", "late_submission_penalty", "score", "max_score"),
)


def files(results: Sequence[Result], roster: Roster | None) -> Iterator[tuple[str, str]]:
    """Yield `nbgrader.csv`. As in the exporter's own, who handed nothing in has 0; no time is known, so those cells are empty."""
    class_marks = marks(results, roster)
    people = _people(roster)
    rows = [HEADER]
    for exercise, maximum in class_marks.maximum.items():
        for student in students(results, roster):
            best = class_marks.best.get(student, {}).get(exercise)
            score = str(best.score if best else 0.0)
            names = people.get(student, ("", "", ""))
            rows.append((safe(exercise), "", "", safe(student), *names, score, "0.0", score, str(maximum)))
    yield "nbgrader.csv", written(rows)


def _people(roster: Roster | None) -> dict[str, tuple[str, str, str]]:
    """Return last name, first name and address of each student, as far as the roster's columns tell them apart."""
    if roster is None:
        return {}
    header = roster.header
    last, first = column(header, "last_name", "last name", "lastname"), column(header, "first_name", "first name", "firstname")
    email, full = column(header, "email", "email address", "e-mail"), column(header, "student")
    people = {}
    for student in roster.students:
        row = padded(roster.rows[student.row], len(header))
        sorted_name = row[full] if full is not None and roster.kind == "canvas" else ""
        before, _, after = sorted_name.partition(",")
        names = row[last] if last is not None else before, row[first] if first is not None else after
        people[student.label] = (safe(names[0].strip()), safe(names[1].strip()), safe(row[email].strip()) if email is not None else "")
    return people
