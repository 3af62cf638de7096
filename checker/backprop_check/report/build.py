"""Put verdicts and explanations together into the report that every format shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from backprop_check.exercise.sizes import axes
from backprop_check.records import Diagnosis, Exercise, Gradient, Report, Submission, Verdict
from backprop_check.report.notices import notices

LONGEST = 160
"""Characters of an exception's message that are shown."""

SAID = ("AutogradUsed", "NameError", "UnboundLocalError")
"""Exceptions that say no more than what is said of them."""

Explained = tuple[tuple[Diagnosis, ...], tuple[Diagnosis, ...]]


def build_report(
    exercise: Exercise,
    submission: Submission,
    verdicts: Sequence[Verdict],
    explained: Mapping[str, Explained],
    trouble: Sequence[tuple[int, str]] = (),
    printed: Mapping[int, tuple[str, ...]] = MappingProxyType({}),
) -> Report:
    """Return the report. `explained` holds, by target, its diagnoses and its remarks; `trouble` is what failed before `backward`.

    `printed` are the lines that statements printed.
    """
    points, near_it = exercise.points, _by_target(submission, [v.target.name for v in verdicts], printed)
    gradients = tuple(
        replace(
            _gradient(v, submission, *explained.get(v.target.name, ((), ()))),
            points=points.get(v.target.name, 1.0),
            printed=near_it.get(v.target.name, ()),
        )
        for v in verdicts
    )
    told = (*exercise.notices, *submission.notices, *notices(submission, verdicts, trouble))
    return Report(exercise, submission, gradients, notices=told)


def _by_target(
    submission: Submission, targets: Sequence[str], printed: Mapping[int, tuple[str, ...]]
) -> dict[str, tuple[tuple[int, tuple[str, ...]], ...]]:
    """What was printed, by the gradient that the statement computes, else the one written last above it, else the first."""
    found: dict[str, list[tuple[int, tuple[str, ...]]]] = {}
    for index, lines in sorted(printed.items()):
        written = [t for s in submission.statements[: index + 1] for t in targets if t in s.writes]
        found.setdefault((written or targets)[-1 if written else 0], []).append((submission.statements[index].line, lines))
    return {name: tuple(lines) for name, lines in found.items()}


def could_not_judge(exercise: Exercise, message: str) -> Report:
    return Report(exercise, None, (), message)


def _gradient(verdict: Verdict, submission: Submission, diagnoses: tuple[Diagnosis, ...], remarks: tuple[Diagnosis, ...]) -> Gradient:
    name = verdict.target.name
    shapes = [tuple(run.trial.gradients[name].shape) for run in verdict.runs]
    named = axes(shapes, [run.trial.sizes for run in verdict.runs])
    line, source = None, None
    for statement in submission.statements:
        if name in statement.writes:
            line, source = statement.line, statement.source
    if verdict.status == "error":
        broken = [b for b in submission.broken if b.target == name]
        raised = verdict.answer.raised
        if broken and (line is None or broken[-1].line > line):
            line, source = broken[-1].line, broken[-1].source
        elif line is None and verdict.answer.state == "missing" and diagnoses and diagnoses[0].span is not None:
            line = diagnoses[0].span[0]
            source = next((s.source for s in submission.statements if s.line <= line <= s.end_line), None)
        elif raised is not None:
            statement = submission.statements[raised.statement]
            line, source = (raised.span[0] if raised.span else statement.line), statement.source
    return Gradient(verdict, line, source, named, _heard(verdict, diagnoses), remarks)


def _heard(verdict: Verdict, diagnoses: tuple[Diagnosis, ...]) -> tuple[Diagnosis, ...]:
    """With what Python or torch said themselves of a line that raised: an explanation adds to that, and replaces none of it."""
    raised = verdict.answer.raised if verdict.status == "error" else None
    if raised is None or raised.span is None or not raised.message or not diagnoses:
        return diagnoses
    first = diagnoses[0]
    if raised.kind in SAID or any(raised.message[:40] in f"{d.error} {d.note}" for d in diagnoses):
        return diagnoses
    message = raised.message if len(raised.message) <= LONGEST else raised.message[: LONGEST - 1] + "…"
    return replace(first, note=f"{first.note} In Python's words: {raised.kind}: {message}".strip()), *diagnoses[1:]
