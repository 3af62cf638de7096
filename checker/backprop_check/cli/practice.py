"""`practice`: draw an exercise for a mistake that the learner made and is due, or report what still slips."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from backprop_check.cli.asked import NO_COURSE, Asked
from backprop_check.cli.progress import Progress, digest, write_atomically
from backprop_check.cli.screen import show, width
from backprop_check.cli.workers import workers
from backprop_check.diagnosis.pages import page
from backprop_check.errors import BadInput
from backprop_check.exercise.course import STORE, Course, exercise_id, find_course
from backprop_check.exercise.definition import course_exercise
from backprop_check.practice import history
from backprop_check.practice.aims import AIMS
from backprop_check.practice.compose import LEVELS
from backprop_check.practice.schedule import Standing, standings
from backprop_check.report.layout import prose

if TYPE_CHECKING:
    from backprop_check.submission.workers import Workers

FEW = 6
"""Mistakes of which the report says what each is; of more there is one line for each."""

EASY = 2
"""So many exercises are drawn at each level for a learner of whom no mistake is known."""

UNLIKE = 100
"""So many graphs that were drawn last are not drawn again."""


def run(args: argparse.Namespace) -> int:
    course = find_course(Path.cwd())
    if course.packaged:
        raise BadInput(NO_COURSE)
    progress, standing = Progress(course.root), standings(history.read(course.root / STORE), AIMS)
    if args.report:
        show(_report(standing, progress))
        return 0
    path = None if args.new else _open(course.practice, progress)
    if path is None:
        with workers(args) as zygote:
            path = _drawn(course.practice, progress, standing, args.seed, zygote)
    show(_told(course.practice, path, progress, standing))
    return 0


def another(question: Asked, zygote: Workers) -> Path | None:
    """Return a new practice exercise to go on to from one that is passed. Raises `BadInput`."""
    progress = Progress(question.course.root)
    if not progress.passed(question.id):
        return None
    return _drawn(question.course, progress, standings(history.read(question.course.root / STORE), AIMS), "", zygote)


def _open(practice: Course, progress: Progress) -> Path | None:
    """The last exercise that was drawn, is there and is not passed."""
    return next((path for path in reversed(practice.files()) if not progress.passed(exercise_id(path))), None)


def _drawn(practice: Course, progress: Progress, standing: Sequence[Standing], seed: str, zygote: Workers) -> Path:
    """Draw an exercise into the learner's course, for the mistake that is due, else for none."""
    from backprop_check.practice.draw import draw

    before = {name: facts["drawn"] for name, facts in progress.exercises.items() if facts.get("drawn")}
    name = f"p{max([int(n[1:]) for n in (*before, *practice.ids())], default=0) + 1:04}"
    recent = {str(facts.get("graph")) for _, facts in sorted(before.items())[-UNLIKE:]}
    for code, level in _aims(standing, sum(map(progress.passed, before))):
        with suppress(BadInput):  # no graph that was put down for this mistake shows it
            drawn = draw(seed, name, level, code, zygote, lambda graph: digest(graph.encode()) in recent)
            break
    else:
        raise BadInput(f"No exercise could be drawn: `backprop-check practice --seed {name}` tries others.")
    path = practice.exercises / f"{name}.py"
    write_atomically(practice.solutions / path.name, drawn.solution)
    write_atomically(path, drawn.exercise)
    progress.drawn(name, code, drawn.level, drawn.graph)
    return path


def _aims(standing: Sequence[Standing], passed: int) -> list[tuple[str, int]]:
    """The mistakes that are due with their levels, the most overdue first; then no mistake, at the level that the learner has come to."""
    due = [(one.code, one.level) for one in standing if one.due <= history.now()]
    return [*due, ("", max([min(1 + passed // EASY, max(LEVELS)), *(one.level for one in standing)]))]


def _told(practice: Course, path: Path, progress: Progress, standing: Sequence[Standing]) -> Iterator[Text]:
    exercise, name = course_exercise(practice, path), exercise_id(path)
    facts = progress.of(name)
    begun = bool({"correct", "incorrect", "error"} & set(facts.get("targets", {}).values()))
    yield Text(f"{name}: {exercise.title}", style="bold")
    for line in exercise.story.split("\n")[2:]:
        yield from prose(line, width())
    yield Text()
    count = len(exercise.targets)
    gradients = f"{count} gradient{'s' if count > 1 else ''}"
    place = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    yield from prose(f"It is in {place}: {gradients}, {_why(facts, standing)}", width(), indent=0)
    yield from prose(
        f"{'Go on' if begun else 'Write them'} there; `backprop-check {name}` checks them, `backprop-check watch {name}` at every save.",
        width(), indent=0,
    )  # fmt: skip


def _why(facts: Mapping[str, Any], standing: Sequence[Standing]) -> str:
    """Why it was drawn. Which mistake it is for is not said: it would be half of the answer."""
    code = facts.get("drawn", {}).get("code", "")
    made = next((one for one in standing if one.code == code), None)
    if made is not None:
        return f"drawn for a mistake that you last made in {made.last} (`backprop-check practice --report` says which are due)."
    if standing:
        return f"one more, since no mistake of yours was due: the next is on {_day(standing[0].due)}."
    return "to begin with, since no mistake of yours is known yet."


def _report(standing: Sequence[Standing], progress: Progress) -> Iterator[Text]:
    drawn = [name for name, facts in progress.exercises.items() if facts.get("drawn")]
    passed = sum(map(progress.passed, drawn))
    if not standing:
        yield from prose(
            "No mistake of yours is known yet: what a check proves of your answers from now on is practised here.", width(), indent=0
        )
    for heading, slips in (("What still slips", True), ("What you got right since", False)):
        rows = [one for one in standing if one.slips == slips]
        if rows:
            yield Text(heading, style="bold")
            for one in rows:
                yield from _row(one, meant=len(rows) <= FEW)
            yield Text()
    if standing:
        yield from prose(f"`backprop-check explain {standing[0].code}` prints the page of a mistake.", width(), indent=0)
    yield from prose(f"{passed} of {len(drawn)} practice exercises passed · next: `backprop-check practice`", width(), indent=0)


def _row(one: Standing, meant: bool) -> Iterator[Text]:
    times = {1: "once", 2: "twice"}.get(one.made, f"{one.made} times")
    due = "due now" if one.due <= history.now() else f"due on {_day(one.due)}"
    yield from prose(f"{one.code}: {due}, at level {one.level} of {max(LEVELS)}; made {times}, last in {one.last}", width())
    if meant:
        yield from prose(page(one.code).sentence, width(), indent=6)


def _day(when: datetime) -> str:
    return f"{when.astimezone():%A}, {when.astimezone().day} {when.astimezone():%B %Y}"
