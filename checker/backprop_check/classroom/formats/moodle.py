"""The grading worksheet a teacher downloaded from Moodle, filled so that Moodle takes it back."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence

from backprop_check.classroom.columns import worksheet
from backprop_check.classroom.formats.marks import Marks, marks
from backprop_check.classroom.formats.sheet import BOM, number, padded, read_number, safe, written
from backprop_check.classroom.formats.told import brief, clip, codes, summary
from backprop_check.classroom.results import Result
from backprop_check.classroom.roster import Roster
from backprop_check.errors import BadInput
from backprop_check.report.layout import visible

NAME = "moodle"
LINE = 300
# What stands in the column that says whether a grade can be changed, in the languages of Moodle.
_NO = "no nein non não nee nej nei ei nie ne nem nu нет ні όχι hayır いいえ 否 아니오"


def files(results: Sequence[Result], roster: Roster | None) -> Iterator[tuple[str, str]]:
    """Yield `moodle.csv`: the worksheet with grades, scaled to its maximum, and comments where it has a column for them.

    A worksheet is one assignment: a student's exercises are added up. Raises `BadInput` without a worksheet.
    """
    if roster is None or roster.kind != "moodle":
        lacking = "give it with --roster" if roster is None else "the file given with --roster is none: download it again, as it is"
        raise BadInput(f"--format moodle fills the grading worksheet you downloaded from Moodle: {lacking}.")
    header = roster.header
    sheet = worksheet(header, [row for row in roster.rows if any(row)])
    if sheet is None:
        raise BadInput("the Moodle worksheet has no column for the grade: download it again as it is")
    class_marks = marks(results, roster)
    rows = [padded(row, len(header)) for row in roster.rows]
    for student in roster.students:
        row = rows[student.row]
        if student.label not in class_marks.best or (sheet.locked is not None and row[sheet.locked].strip().casefold() in _NO.split()):
            continue
        top = read_number(row[sheet.maximum]) if sheet.maximum is not None else None
        scale = top / class_marks.full if top and class_marks.full else 1.0
        row[sheet.grade] = number(class_marks.score(student.label) * scale)
        if sheet.comments is not None:
            row[sheet.comments] = safe(_comment(class_marks, student.label))
    yield "moodle.csv", BOM + written([header, *rows])


def _comment(class_marks: Marks, student: str) -> str:
    """Return the feedback, as HTML: that is what Moodle takes the column for."""
    lines: list[str] = []
    for result in class_marks.counted(student):
        named = f"{result.exercise}: " if len(class_marks.best[student]) > 1 and result.exercise else ""
        lines.append(named + summary(result).replace("\n", " "))
        for gradient in result.report["gradients"]:
            told = codes(gradient)
            status = "" if gradient["status"] == "missing" else gradient["status"]
            parts = (f"{status} ({', '.join(told)})" if told else status, brief(gradient))
            lines.append(f"{gradient['name']}: {' - '.join(part for part in parts if part)}")
    return "<br>".join(html.escape(clip(visible(line), LINE), quote=False) for line in lines)
