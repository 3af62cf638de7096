"""What a teacher wants to know of a class, as plain data: class.json is this, and class.html shows this and nothing else."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cache
from typing import Any

from backprop_check.classroom.chapters import placed, progress
from backprop_check.classroom.formats.told import brief, noticed
from backprop_check.classroom.pages import tally
from backprop_check.classroom.pages.headline import again, headline
from backprop_check.classroom.results import OUTCOMES, Result
from backprop_check.classroom.roll import Roll
from backprop_check.diagnosis.pages import pages
from backprop_check.exercise.outline import Chapter

SCHEMA = "backprop-check-class/1"
SLOWEST = 5


def class_data(results: Sequence[Result], roll: Roll = Roll(), chapters: Sequence[Chapter] = ()) -> dict[str, Any]:  # noqa: B008 - frozen
    """Return the summary of a class: of its results, of what is in no mark (`roll`), by the `chapters` of the course.

    A submission counts as judged where its report has gradients: shares, codes and pairs are of those, marks are of all.
    """
    by_exercise: defaultdict[str, list[Result]] = defaultdict(list)
    for result in results:
        by_exercise[result.exercise].append(result)
    exercises = [_exercise(name, by_exercise[name]) for name in sorted(by_exercise, key=lambda name: placed(name, chapters)) if name]
    outcomes = Counter(result.outcome for result in results)
    data: dict[str, Any] = {
        "schema": SCHEMA,
        "students": len({result.student for result in results}),
        "submissions": len(results),
        "judged": sum(_judged(result) for result in results),
        "average": _average(results),
        "outcomes": {outcome: outcomes[outcome] for outcome in OUTCOMES},
        "again": again(exercises, means),
        "chapters": progress(results, chapters),
        "exercises": exercises,
        "unjudged": [_unjudged(result) for result in results if result.outcome != "judged" or not _judged(result)],
        "slowest": [
            {"submission": r.submission, "exercise": r.exercise, "seconds": round(r.seconds, 3)}
            for r in sorted(results, key=lambda r: -r.seconds)[:SLOWEST]
        ],
        "absent": list(roll.absent),
        "strangers": list(roll.strangers),
        "aside": [{"file": path, "why": why} for path, why in roll.aside],
        "guessed": [{"name": name, "student": student} for name, student in roll.guessed],
        "encoding": roll.encoding,
    }
    return {**data, "headline": headline(data)}


@cache
def _meanings() -> dict[str, str]:
    return {page.code: page.sentence for page in pages()} | {
        tally.RAISED: "the line stopped with an error; the feedback shows its message."
    }


def means(code: str) -> str:
    """Return the sentence that says what a code means, empty for one that has no page."""
    return _meanings().get(code, "")


def _exercise(name: str, results: Sequence[Result]) -> dict[str, Any]:
    judged = [result for result in results if _judged(result)]
    targets, found = tally.targets(judged), [tally.codes_of(result) for result in judged]
    titles = Counter(result.report.get("title") or "" for result in results)
    return {
        "id": name,
        "title": max(titles, key=lambda title: (title != "", titles[title])),
        "submissions": len(results),
        "judged": len(judged),
        "max_score": max(result.max_score for result in results),
        "average": _average(results),
        "targets": targets,
        "codes": tally.codes(found, targets, means),
        "together": tally.together(found),
        "marks": tally.marks(results),
    }


def _judged(result: Result) -> bool:
    return bool(result.report["status"] != "error")  # else there are gradients


def _average(results: Sequence[Result]) -> float | None:
    """The average share of the points, None where there are none to have."""
    shares = [result.score / result.max_score for result in results if result.max_score]
    return round(sum(shares) / len(shares), 4) if shares else None


def _unjudged(result: Result) -> dict[str, Any]:
    stopped = [f"{gradient['name']}: {brief(gradient)}" for gradient in result.report["gradients"] if gradient["status"] == "error"]
    return {
        "submission": result.submission,
        "exercise": result.exercise,
        "outcome": result.outcome,
        "partly": _judged(result),
        "message": result.report.get("message") or " ".join(noticed(result.report)) or "; ".join(stopped),
    }
