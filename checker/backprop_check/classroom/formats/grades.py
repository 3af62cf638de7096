"""`grades.csv`: one row a student, for a teacher who opens it in a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backprop_check.classroom.formats.marks import Marks, marks, students
from backprop_check.classroom.formats.sheet import number, safe, written
from backprop_check.classroom.formats.told import MISSING, brief, clip, codes, unjudged
from backprop_check.classroom.results import Result
from backprop_check.classroom.roster import Roster

NAME = "grades"
REMARKS = 500


def files(results: Sequence[Result], roster: Roster | None) -> Iterator[tuple[str, str]]:
    """Yield `grades.csv`, in UTF-8 without a byte order mark, which scripts would take for a part of the first column's name."""
    class_marks = marks(results, roster)
    header = ("student", *map(safe, class_marks.maximum), "score", "max_score", "percent", "outcome", "remarks")
    rows = (_row(student, class_marks) for student in students(results, roster))
    yield "grades.csv", written([header, *rows])


def _row(student: str, class_marks: Marks) -> list[str]:
    """Return a student's row. Where nothing was handed in cells are empty, so that averages leave them out."""
    own, full = class_marks.best.get(student), class_marks.full
    if own is None:
        return [safe(student), *[""] * len(class_marks.maximum), "", number(full), "", "no submission", ""]
    score = class_marks.score(student)
    return [
        safe(student),
        *(number(own[exercise].score) if exercise in own else "" for exercise in class_marks.maximum),
        number(score),
        number(full),
        number(100 * score / full) if full else "",
        safe(_joined(class_marks, student, [result.outcome for result in class_marks.counted(student)])),
        safe(clip(_joined(class_marks, student, [_remark(class_marks, result) for result in class_marks.counted(student)]), REMARKS)),
    ]


def _joined(class_marks: Marks, student: str, told: list[str]) -> str:
    """Return one text for all of a student's exercises: once if it is the same for each, else after the exercise's name."""
    if len(set(told)) == 1:
        return told[0]
    results = class_marks.counted(student)
    return " | ".join(f"{result.exercise or result.submission}: {text}" for result, text in zip(results, told, strict=True) if text)


def _remark(class_marks: Marks, result: Result) -> str:
    count = class_marks.count[result.student, result.exercise]
    parts = [f"{count} files, the best counts: {result.submission}"] if count > 1 else []
    for gradient in result.report["gradients"]:
        told = MISSING if gradient["status"] == "missing" else " ".join(code for code in codes(gradient) if code != "unrecognised")
        if gradient["status"] == "error" and not told:  # no mistake that has a name: what happened
            told = f"error: {brief(gradient)}"
        if gradient["status"] != "correct":
            parts.append(f"{gradient['name']} {told or gradient['status']}")
        elif told:
            parts.append(f"{gradient['name']} right, {told}")
    if result.report["message"] or not result.report["gradients"]:
        parts.append(unjudged(result))
    return "; ".join(parts)
