"""Where the answers to an exercise are: in its own file, or in what other people handed in. Nothing here needs torch until it is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from backprop_check.errors import BadInput
from backprop_check.exercise.course import exercise_id, is_exercise_name
from backprop_check.grading.found import Found, find, reading
from backprop_check.grading.task import Task
from backprop_check.pytest_plugin.questions import Question
from backprop_check.records import Exercise, Submission

ADVICE = "name that exercise alone, as in `pytest --backprop exercises/ex05_broadcast.py`"


@dataclass(frozen=True)
class Answers:
    """Answers to one exercise. `read` gives them, or raises `BadInput`.

    Of a stranger's, `name` is the submission's path below its source and `student` whose it is; the learner's own have neither. `told` says
    that the name tells which exercise is meant; else they answer the only one collected.
    """

    read: Callable[[Exercise], Submission]
    name: str = ""
    student: str = ""
    told: bool = True


def own_answers(question: Question) -> Answers:
    """Return the answers in the exercise file itself."""
    from backprop_check.submission.parse import read_submission

    return Answers(partial(read_submission, question.path))


class Handed:
    """What other people handed in, below `source`: a folder, a zip or one file."""

    def __init__(self, source: Path) -> None:
        self.source = source
        self.problem = ""
        self.untold: dict[str, Found] = {}
        self._found: dict[tuple[str, ...], tuple[Found, ...]] = {}

    def answers(self, question: Question) -> list[Answers]:
        """Return the answers to one exercise. Where nothing can be found at all, `problem` says why."""
        names = _names(question.path)
        told = {found.submission: found for found in self._named(names) if found.exercise == question.exercise.id}
        found = {**self._others(question.exercise.id, names), **told} if self.untold or self.problem else told
        return [Answers(partial(_read, self.source, f), name, f.student, name in told) for name, f in sorted(found.items())]

    def _named(self, names: Mapping[str, str]) -> tuple[Found, ...]:
        """Find by name. What no name tells of is kept in `untold`."""
        key = tuple(names)
        if key not in self._found:
            try:
                self._found[key] = find(self.source, None, names, advice=ADVICE)
            except BadInput as error:
                self.problem, self._found[key] = str(error), ()
            self.untold |= {found.submission: found for found in self._found[key] if not found.exercise}
        return self._found[key]

    def _others(self, exercise: str, names: Mapping[str, str]) -> dict[str, Found]:
        try:
            return {found.submission: found for found in find(self.source, exercise, names)}
        except BadInput:
            return {}


def _names(path: Path) -> dict[str, str]:
    """Return the file stems of the exercises in the folder of `path`, by id."""
    files = sorted(file for file in path.parent.glob("ex*.py") if is_exercise_name(file.name))
    return {exercise_id(file): file.stem for file in [*files, path]}


def _read(source: Path, found: Found, exercise: Exercise) -> Submission:
    from backprop_check.grading.bench import submission_of

    if found.trouble:
        raise BadInput(f"{found.submission} {found.trouble}.")
    with reading(source) as opened:
        data = opened(found)
        beside = opened.beside(found, data)
    return submission_of(Task(found.submission, found.student, exercise.id, data, "", beside), exercise)
