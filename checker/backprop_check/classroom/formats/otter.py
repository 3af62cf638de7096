"""Otter's `final_grades.csv`: one row a submission, one column a question (here: a gradient)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backprop_check.classroom.formats.sheet import safe, written
from backprop_check.classroom.formats.told import unjudged
from backprop_check.classroom.results import Result
from backprop_check.classroom.roster import Roster

NAME = "otter"


def files(results: Sequence[Result], roster: Roster | None) -> Iterator[tuple[str, str]]:
    """Yield `final_grades.csv`. Its first row is the points of each question; as in otter's own, a share is called per cent.

    With several exercises a question is called `exercise:gradient`, and is empty in the rows of the other exercises.
    """
    points = _points(results)
    several = len({exercise for exercise, _ in points}) > 1
    questions = [f"{exercise}:{name}" if several else name for exercise, name in points]
    total = sum(points.values())
    rows = [
        ["file", *map(safe, questions), "total_points_earned", "percent_correct", "grading_status"],
        ["points-per-question", *map(str, points.values()), str(total), "1", "--"],
    ]
    rows += [_row(result, list(points)) for result in sorted(results, key=lambda result: result.submission)]
    yield "final_grades.csv", written(rows)


def _points(results: Sequence[Result]) -> dict[tuple[str, str], float]:
    points: dict[tuple[str, str], float] = {}
    for result in sorted(results, key=lambda result: result.exercise):
        for gradient in result.report["gradients"]:
            points.setdefault((result.exercise, gradient["name"]), gradient["max_score"])
    return points


def _row(result: Result, questions: list[tuple[str, str]]) -> list[str]:
    earned = {(result.exercise, gradient["name"]): gradient["score"] for gradient in result.report["gradients"]}
    cells = [str(earned.get(question, 0.0)) if question[0] == result.exercise else "" for question in questions]
    share = result.score / result.max_score if result.max_score else 0.0
    complete = result.outcome == "judged" and result.report["gradients"]
    return [safe(result.submission), *cells, str(result.score), str(share), "Completed" if complete else safe(unjudged(result))]
