"""`check`: judge one file and show the report."""

from __future__ import annotations

import argparse
import json
import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from rich.text import Text

from backprop_check.cli.asked import NO_COURSE, Asked, asked, next_after, next_open
from backprop_check.cli.logs import crashes_kept
from backprop_check.cli.main import BAD_INPUT, complain
from backprop_check.cli.workers import workers
from backprop_check.errors import BadInput, meant, near
from backprop_check.exercise.course import exercise_id, find_course
from backprop_check.exercise.definition import course_exercise, put_back
from backprop_check.exercise.fault import BOTH_SIDES
from backprop_check.exercise.solution import Step, read_solution
from backprop_check.records import Gradient, Report

FEW = 5
"""Gradients of which all is said at once when an exercise passes."""


def run(args: argparse.Namespace) -> int:
    if args.target:
        raise BadInput("--target goes with --numeric; without it every gradient is checked.")
    if args.json:
        return _run_json(args)
    named = args.exercise or args.exercise_option or args.submission
    if not named and next_open(find_course(Path.cwd())) is None:
        return _congratulate()
    question = asked(args)
    before = question.progress.of(question.id).get("targets", {})
    report = judged(question, args)
    if report.message is not None:
        return complain(report.message)
    from backprop_check.cli.screen import show, width
    from backprop_check.report.layout import prose
    from backprop_check.report.text import report_lines

    show(report_lines(report, width()))
    show(learned(question, report, before))
    show(line for step in next_steps(question, report) for line in prose(step, width(), indent=0))
    return exit_code(report)


def learned(question: Asked, report: Report, before: Mapping[str, str]) -> Iterator[Text]:
    """Yield what there is to learn of the gradients of an exercise that passes and were not right before; of all, where they are few."""
    if report.status != "passed" or not question.theirs:
        return
    fresh = [g for g in report.gradients if before.get(g.verdict.target.name) != "correct"]
    if not fresh:
        return
    from backprop_check.cli.screen import width
    from backprop_check.derivation.lesson import way_back
    from backprop_check.report.layout import prose
    from backprop_check.report.passed import passed_lines
    from backprop_check.trace.graph import load_graph

    assert report.submission is not None
    graph = load_graph(report.exercise)
    chosen = report.gradients if len(report.gradients) <= FEW else fresh[-FEW:]
    said: set[str] = set()
    solved = steps(question)
    yield Text()
    for gradient in chosen:
        derived = way_back(graph, report.submission, gradient.verdict)
        yield from passed_lines(report.exercise, report.submission, derived, solved.get(derived.name), width(), said)
    if len(chosen) < len(report.gradients):
        yield from prose(f"`{question.command('solution')}` says the why of every line.", width(), indent=2, style="dim")
    yield Text()


def steps(question: Asked) -> dict[str, Step]:
    """Return the solution's lines by their gradients, none where there is no solution."""
    try:
        return read_solution(question.course.solution(question.exercise))
    except BadInput:
        return {}


def judged(question: Asked, args: argparse.Namespace) -> Report:
    """Check what is asked and store the outcome. Raises `BadInput` when the exercise cannot be used."""
    if question.course.packaged and question.submission.parent == question.course.exercises:
        raise BadInput(NO_COURSE)
    with workers(args) as zygote, crashes_kept(question.progress.path, getattr(args, "verbose", False)):
        from backprop_check.flow import check_read
        from backprop_check.submission.parse import read_submission

        exercise = course_exercise(question.course, question.exercise)
        report = check_read(exercise, partial(read_submission, question.submission), zygote, args.time_limit)
    if report.message is None:
        question.progress.record(question.id, report, question.submission)
    return _with_reset(report, question) if question.own and question.theirs else report


def _with_reset(report: Report, question: Asked) -> Report:
    """Name `reset` where in the learner's own exercise file more is broken than a line of an answer."""
    try:
        question.course.original(question.exercise)
    except BadInput:  # an exercise that nothing says more of
        return report
    back = put_back(question.exercise)
    if report.message is not None:
        return replace(report, message=f"{report.message.removesuffix('.')}; {back}.")
    assert report.submission is not None
    lines = [line for statement in report.submission.statements for line in (statement.line, statement.end_line)]
    first, last = min(lines, default=0), max(lines, default=0)
    broken = any(b.message == BOTH_SIDES or not first <= b.line <= last for b in report.submission.broken)
    if not broken or any(back in notice for notice in report.notices):
        return report
    return replace(report, notices=(*report.notices, f"should the file be past mending: {back}"))


def chosen(report: Report, name: str | None) -> Gradient | None:
    """Return the gradient asked for (`da`, or `a`); without a name the first that is not right, if any. Raises `BadInput`."""
    if name is None:
        return next((g for g in report.gradients if g.verdict.status != "correct"), None)
    for gradient in report.gradients:
        if name in (gradient.verdict.target.name, gradient.verdict.target.node):
            return gradient
    names = [g.verdict.target.name for g in report.gradients]
    instead = meant(near(name, names), f"it asks for {', '.join(names)}.")
    raise BadInput(f"{report.exercise.id} asks for no gradient {name!r}: {instead}")


def exit_code(report: Report) -> int:
    return {"passed": 0, "failed": 1, "error": BAD_INPUT}[report.status]


def next_steps(question: Asked, report: Report) -> list[str]:
    """Return what a learner may want to do next, one line each."""
    if report.status != "passed":
        if question.own and question.theirs and all(gradient.verdict.status == "missing" for gradient in report.gradients):
            place = shlex.quote(os.path.relpath(question.exercise))
            begin = f"Open {place}, write an expression in the place of each `...`, save, and check again. "
        else:
            begin = ""
        return [f"{begin}`{question.command('hint')}` gives a hint; `backprop-check graph {question.named}` draws the forward."]
    if not question.own:
        return []
    if not question.theirs:
        return [f"Your own {question.exercise.name} is another file: it does not count as passed by this."]
    if question.course.drawn:
        return ["Next: `backprop-check practice`"]
    further = next_after(question.course, question.exercise)
    if further is None:
        return [f"{_done(question)}That was the last exercise left: all are passed."]
    return [*_turned(question, further), f"Next: `backprop-check {exercise_id(further)}`{_title(question, further)}"]


def _turned(question: Asked, further: Path) -> list[str]:
    """Say so where another chapter begins."""
    before, after = (question.course.chapter(exercise_id(path)) for path in (question.exercise, further))
    if after is None or after == before:
        return []
    return [f"{_done(question)}The next chapter: {after.title}{f', {after.about}' if after.about else ''}."]


def _done(question: Asked) -> str:
    """Say so where a chapter is done, and what trains with it; else nothing."""
    chapter = question.course.chapter(question.id)
    if chapter is None or not all(map(question.progress.passed, chapter.exercises)):
        return ""
    trained = f"`backprop-check train {chapter.checkpoint}` trains with what you wrote. " if chapter.checkpoint else ""
    return f"`{chapter.title}` is done. {trained}"


def _title(question: Asked, exercise: Path) -> str:
    try:
        return f": {course_exercise(question.course, exercise).title}"
    except BadInput:  # it will be said when it is its turn
        return ""


def _run_json(args: argparse.Namespace) -> int:
    from backprop_check.report.json import as_json

    try:
        report = judged(asked(args), args)
    except BadInput as error:
        _print_json(_nothing_judged(args, str(error)))
        raise
    _print_json(as_json(report))
    for notice in report.exercise.notices:
        complain(notice)
    return complain(report.message) if report.message is not None else exit_code(report)


def _nothing_judged(args: argparse.Namespace, message: str) -> dict[str, Any]:
    from backprop_check.report.json import SCHEMA

    name = args.exercise or args.exercise_option
    empty: dict[str, Any] = {"schema": SCHEMA, "exercise": name, "title": None, "status": "error", "score": 0.0, "max_score": 0.0}
    return {**empty, "message": message, "gradients": []}


def _print_json(report: dict[str, Any]) -> None:
    print(json.dumps(report, indent=2, allow_nan=False))


def _congratulate() -> int:
    print("Every exercise of the course is passed. Well done: you can differentiate a network by hand.")
    print("`backprop-check list` shows them all; name one to check it again. `backprop-check practice` draws others, as many as you like.")
    return 0
