"""Draw a practice exercise: sound by `dev check`, and one on which a mistake can be made."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from backprop_check.authoring.answers import read_answers
from backprop_check.authoring.draft import draft
from backprop_check.authoring.examine import Examined, examine
from backprop_check.authoring.ground import Ground, ground
from backprop_check.authoring.matrix import Mutations, tell
from backprop_check.authoring.shown import sort_mutants
from backprop_check.exercise.blank import blank
from backprop_check.exercise.course import Course
from backprop_check.exercise.parse import read_exercise
from backprop_check.practice.aims import AIMS, passable
from backprop_check.practice.compose import LEVELS, compose, fingerprint, text_of
from backprop_check.submission.workers import Workers
from backprop_check.trace.graph import Graph, load_graph

TRIES = 40


@dataclass(frozen=True)
class Drawn:
    """An exercise and its solution as texts; `examined` is what `dev check` says of it, `tries` how many graphs were put down for it."""

    solution: str
    exercise: str
    level: int
    code: str
    graph: str
    examined: Examined
    tries: int


def draw(seed: str, name: str, level: int, code: str, zygote: Workers, recent: Collection[str] = ()) -> Drawn:
    """Draw the exercise `name` at a level, one on which the mistake `code` can be made (none: any), unlike the `recent` graphs.

    The same seed, name, level and code give the same exercise. Where the level has none, the next one is tried.
    """
    levels = [level, *sorted(LEVELS, key=lambda other: abs(other - level))]
    with tempfile.TemporaryDirectory() as folder:
        course = Course(Path(folder), Path(folder) / "practice", Path(folder) / "solutions", packaged=False, drawn=True)
        for path in (course.exercises, course.solutions):
            path.mkdir()
        for attempt in range(TRIES):
            at = next(other for other in levels[attempt * len(levels) // TRIES :] if passable(code, other))
            drawn = _drawn(Random(f"{seed} {name} {code} {level} {attempt}"), course, f"{name}.py", at, code, zygote, recent)  # noqa: S311
            if drawn is not None:
                return replace(drawn, tries=attempt + 1)
    raise AssertionError(f"no exercise shows {code} at level {level}")


def _drawn(random: Random, course: Course, file: str, level: int, code: str, zygote: Workers, recent: Collection[str]) -> Drawn | None:
    sheet = compose(random, level, AIMS.get(code, ()))
    graph = fingerprint(sheet)
    if graph in recent:
        return None
    solution, stub = course.solutions / file, course.exercises / file
    solution.write_text(text_of(sheet), encoding="utf-8")
    text = draft(solution)
    solution.write_text(text, encoding="utf-8")
    stub.write_text(blank(text), encoding="utf-8")
    loaded = load_graph(read_exercise(solution))
    numbers = ground(loaded)
    if vanishing(numbers) or (code and not shows(loaded, numbers, solution, code, zygote)):
        return None
    (examined,) = examine(course, [stub], zygote)
    return Drawn(text, blank(text), level, code, graph, examined, 1)


def vanishing(numbers: Ground) -> list[str]:
    """Return the gradients that are 0 whatever was drawn: every sum would be right there."""
    return [
        name for name in numbers.trials[0].gradients
        if all(bool(trial.gradients[name].abs().max() <= 1e-9 * trial.scales[name]) for trial in numbers.trials)
    ]  # fmt: skip


def shows(graph: Graph, numbers: Ground, solution: Path, code: str, zygote: Workers) -> bool:
    """Whether the mistake can be made in an exercise: made in the solution, the engine names it by that code."""
    answers = read_answers(solution, graph.exercise)
    made = [replace(each, wrong=_plain(each.wrong, code)) for each in sort_mutants(graph, answers, numbers, code)]
    return any(code in told.claimed for told in tell(Mutations(graph, answers, numbers, tuple(made)), zygote))


def _plain(wrong: Sequence, code: str) -> tuple:  # type: ignore[type-arg]
    """Of the answers with a mistake those few of which it is the best name."""
    return tuple(sorted(wrong, key=lambda w: w.mutants[0].fair[0] != code)[:2])
