"""What a feedback page says of one submission: the words and lines, before any markup. `markdown` and `html` render the same view."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backprop_check.classroom.pages.code import CodeLine, rows
from backprop_check.classroom.pages.prose import UNREADABLE, VERDICTS, number, points, shape
from backprop_check.classroom.results import Result
from backprop_check.report.ended import ENDED
from backprop_check.report.layout import sentence
from backprop_check.report.unexplained import unexplained


@dataclass(frozen=True)
class Part:
    """One `Result`, and `lines`: the learner's file (or notebook cell) split at newlines, which its spans and line numbers refer to.

    `lines` is None when that text cannot be had; the source that the report quotes is shown then, without a caret.
    """

    result: Result
    lines: Sequence[str] | None = None


@dataclass(frozen=True)
class Cause:
    """One diagnosis or remark. Never its `fix` or `evidence`, which give the answer away."""

    code: str
    rows: tuple[CodeLine, ...]
    error: str
    note: str
    help: str


@dataclass(frozen=True)
class Target:
    """One gradient: its verdict as a sign and in words, and what is said of it."""

    name: str
    status: str
    mark: str
    verdict: str
    shape: str
    one_of: bool
    causes: tuple[Cause, ...]
    difference: str


@dataclass(frozen=True)
class View:
    """One submission. `happened` are paragraphs about what kept it, or a part of it, from being judged."""

    exercise: str
    title: str
    submission: str
    points: str
    right: str
    happened: tuple[str, ...]
    message: str
    targets: tuple[Target, ...]


def view(part: Part) -> View:
    """Return what to show of a submission."""
    result, report = part.result, part.result.report
    gradients = report["gradients"]
    right = sum(g["status"] == "correct" for g in gradients)
    return View(
        exercise=result.exercise,
        title=report.get("title") or "",
        submission=result.submission,
        points=points(result.score, result.max_score),
        right=f"{right} of {len(gradients)} gradient{'s' * (len(gradients) != 1)} right" if gradients else "",
        happened=tuple(_happened(result)),
        message=report.get("message") or "",
        targets=targets(report, part.lines),
    )


def targets(report: Mapping[str, Any], lines: Sequence[str] | None) -> tuple[Target, ...]:
    """Return what to show of each gradient of a report, as `as_json` gives it; `lines` are those of `Part`."""
    names = {name for g in report["gradients"] for name in (g["name"], g["name"][1:])}
    return tuple(_target(g, lines, names) for g in report["gradients"])


def _happened(result: Result) -> list[str]:
    said = [ENDED[result.outcome].advice] if result.outcome in ENDED else []
    said += [sentence(notice) for notice in result.report.get("notices", ())]
    if result.report["status"] == "error":
        said += [] if said else [UNREADABLE]
        exercise = result.exercise or "EXERCISE"
        said.append(f"Once it is mended, `backprop-check check {exercise} --submission FILE` shows you what the next grading will see.")
    return said


def _target(gradient: Mapping[str, Any], lines: Sequence[str] | None, names: Collection[str]) -> Target:
    status = gradient["status"]
    mark, verdict = VERDICTS[status]
    told = gradient["remarks"] if status == "correct" else gradient["diagnoses"]
    if status in ("incorrect", "error"):
        told = told or [unexplained(gradient)]
    return Target(
        name=gradient["name"],
        status=status,
        mark=mark,
        verdict=verdict,
        shape=shape(gradient["axes"], gradient["shape"]) if gradient["trial"] == 0 else gradient["axes"],
        one_of=len(told) > 1 and told[0]["certainty"] == "one-of",
        causes=tuple(_cause(d, gradient, lines, names) for d in told),
        difference=_difference(gradient),
    )


def _cause(diagnosis: Mapping[str, Any], gradient: Mapping[str, Any], lines: Sequence[str] | None, names: Collection[str]) -> Cause:
    return Cause(
        code=diagnosis["code"],
        rows=rows(lines, gradient["line"], gradient["source"] or "", diagnosis["span"]),
        error=sentence(diagnosis["error"], names),
        note=diagnosis["note"],
        help=diagnosis["help"],
    )


def _difference(gradient: Mapping[str, Any]) -> str:
    largest = gradient["max_abs_diff"]
    if gradient["status"] != "incorrect" or largest is None or gradient["got_shape"] != gradient["shape"]:
        return ""
    sizes = ", ".join(f"{name} = {size}" for name, size in gradient["sizes"].items())
    return f"Largest difference from the right gradient: {number(largest)}" + (f" (with {sizes})." if sizes else ".")
