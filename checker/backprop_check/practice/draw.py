"""Draw a practice exercise: sound by `dev check`, and one on which a mistake can be made."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path
from random import Random

import torch

from backprop_check.authoring.answers import read_answers
from backprop_check.authoring.draft import draft
from backprop_check.authoring.examine import Examined, examine
from backprop_check.authoring.ground import Ground, ground
from backprop_check.authoring.matrix import Mutations, tell
from backprop_check.authoring.shown import Sorted, sort_mutants
from backprop_check.errors import BadInput
from backprop_check.exercise.blank import blank
from backprop_check.exercise.course import Course
from backprop_check.exercise.parse import read_exercise
from backprop_check.practice.aims import AIMS
from backprop_check.practice.compose import LEVELS, compose, fingerprint, text_of
from backprop_check.practice.sheet import Sheet
from backprop_check.practice.slips import made
from backprop_check.submission.workers import Workers
from backprop_check.trace.graph import Graph, load_graph

LARGEST, MASKED = 1e4, 1e9
"""No number of a forward is larger, but for those that a mask puts far below all others."""

ASKED = 3
"""Answers with the mistake of which the engine is asked whether it names one so."""

TRIES = 12
"""Graphs that are put down at a level before another is tried."""


Known = Callable[[str], bool]
"""Whether a graph, as its fingerprint, was drawn of late."""


@dataclass(frozen=True)
class Drawn:
    """An exercise and its solution as texts; `examined` is what `dev check` says of it, `tries` how many graphs were put down for it,
    and `refused` what `dev check` found in those of them that it would not have.
    """

    solution: str
    exercise: str
    level: int
    code: str
    graph: str
    examined: Examined
    tries: int
    refused: tuple[str, ...] = ()


def draw(seed: str, name: str, level: int, code: str, zygote: Workers, known: Known = lambda graph: False) -> Drawn:
    """Draw the exercise `name` at a level, one on which the mistake `code` can be made (none: any), none that is `known`.

    The same seed, name, level and code give the same exercise. Where the level has none, the next one is tried.
    """
    refused: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        course = Course(Path(folder), Path(folder) / "practice", Path(folder) / "solutions", packaged=False, drawn=True)
        for path in (course.exercises, course.solutions):
            path.mkdir()
        for tries, (at, attempt) in enumerate(product(sorted(LEVELS, key=lambda other: abs(other - level)), range(TRIES)), 1):
            sheet = compose(Random(f"{seed} {name} {code} {at} {attempt}"), at, AIMS.get(code, ()))  # noqa: S311
            if sheet is None or known(fingerprint(sheet)):
                continue
            try:
                drawn = _drawn(sheet, course, f"{name}.py", code, zygote)
            except BadInput as error:
                refused.append(str(error))
                continue
            if drawn is not None and not drawn.examined.findings:
                return replace(drawn, level=at, tries=tries, refused=tuple(refused))
            refused += map(str, drawn.examined.findings if drawn is not None else ())
    raise BadInput(f"No exercise that shows {code or 'a mistake'} could be drawn.")


def _drawn(sheet: Sheet, course: Course, file: str, code: str, zygote: Workers) -> Drawn | None:
    """The exercise that a graph makes, None where it would teach nothing."""
    solution, stub = course.solutions / file, course.exercises / file
    solution.write_text(text_of(sheet), encoding="utf-8")
    text = draft(solution)
    solution.write_text(text, encoding="utf-8")
    stub.write_text(blank(text), encoding="utf-8")
    loaded = load_graph(read_exercise(solution))
    numbers = ground(loaded)
    if not _healthy(numbers) or (code and not shows(loaded, numbers, solution, code, zygote)):
        return None
    (examined,) = examine(course, [stub], zygote)
    return Drawn(text, blank(text), 0, code, fingerprint(sheet), examined, 0)


def _healthy(numbers: Ground) -> bool:
    """Whether no number is far out, and no gradient is 0 whatever was drawn: any answer would do for its sums."""
    trials = numbers.trials
    values = [v for trial in trials for v in trial.values.values() if isinstance(v, torch.Tensor) and v.is_floating_point()]
    sizes = [float(value.abs().max()) for value in values]
    lost = [n for n in trials[0].gradients if all(float(t.gradients[n].abs().max()) <= 1e-9 * t.scales[n] for t in trials)]
    return not lost and max(size for size in sizes if size != MASKED) < LARGEST


def shows(graph: Graph, numbers: Ground, solution: Path, code: str, zygote: Workers) -> bool:
    """Whether the mistake can be made in an exercise: made in the solution, the engine names it by that code."""
    answers = read_answers(solution, graph.exercise)
    wrong = [wrong for target in sort_mutants(graph, answers, numbers, partial(made, code)) for wrong in target.wrong]
    best = sorted(wrong, key=lambda wrong: wrong.fair[0] != code)[:ASKED]
    each = (Mutations(graph, answers, numbers, (Sorted(wrong.target, (wrong,), (), ()),)) for wrong in best)
    return any(code in told.claimed for one in each for told in tell(one, zygote))
