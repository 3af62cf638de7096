"""What a command line asks for: an exercise, its course, the file with the answers, and the progress stored for it."""

from __future__ import annotations

import argparse
import re
import shlex
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from backprop_check.cli.progress import Progress
from backprop_check.cli.screen import write
from backprop_check.errors import BadInput
from backprop_check.exercise.course import Course, exercise_id, find_course, locate

GIVES_AWAY = {"solution": "solution", "derive": "derivation"}
"""What the commands show that give the answers away."""

NO_COURSE = "There is no course in this folder or above it. Make one with `backprop-check init my-course`, then work in there."
EMPTY = "There is no exercise yet in {}: `backprop-check new NAME` writes one."


@dataclass(frozen=True)
class Asked:
    """An exercise file and the file with the answers to it, which is often the same. `own` says that it is the learner's own course's.

    `progress` stores nothing for answers that are not in the exercise's own file of that course.
    """

    course: Course
    exercise: Path
    submission: Path
    own: bool
    progress: Progress

    @property
    def id(self) -> str:
        return exercise_id(self.exercise)

    @property
    def mirrored(self) -> bool:
        """Whether the exercise is one of its course, so that its id alone names it."""
        there = self.exercise.parent.resolve() == self.course.exercises.resolve()
        return there and self.exercise.name in (path.name for path in self.course.files())

    @property
    def theirs(self) -> bool:
        """Whether the answers are in the exercise's own file: only these count as the learner's."""
        return self.submission == self.exercise or (self.submission.exists() and self.submission.samefile(self.exercise))

    @property
    def named(self) -> str:
        """What names the exercise in a command line."""
        return self.id if self.mirrored else shlex.quote(str(self.exercise))

    def command(self, name: str) -> str:
        """Return the command line that asks `name` about the same."""
        answers = [] if self.submission == self.exercise else ["--submission", shlex.quote(str(self.submission))]
        return " ".join(["backprop-check", *([name] if name else []), self.named, *answers])

    def asked_twice(self, name: str) -> bool:
        """Whether `name`, which gives the answers away, may show them: once passed, or the second time it is asked. Else says how."""
        if self.progress.passed(self.id) or self.progress.ask(self.id, name) >= 2:
            return True
        write(f"{self.id} is not passed yet. `{self.command('hint')}` gives a hint, a clearer one each time.\n")
        write(f"To see the {GIVES_AWAY[name]} now, ask once more: `{self.command(name)}`\n")
        return False


def about(course: Course, exercise: Path, submission: Path | None = None) -> Asked:
    """Return what asks for an exercise, and for the answers in a file of their own, if there is one."""
    own = not course.packaged and exercise.parent.resolve() == course.exercises.resolve()
    question = Asked(course, exercise, submission or exercise, own, Progress(None))
    return replace(question, progress=Progress(course.root)) if own and question.theirs else question


def asked(args: argparse.Namespace) -> Asked:
    """Return what `args` (`exercise`, perhaps `exercise_option` and `submission`) ask for. Raises `BadInput`."""
    name = args.exercise or getattr(args, "exercise_option", None)
    if args.exercise and getattr(args, "exercise_option", None) not in (None, args.exercise):
        raise BadInput(f"{args.exercise} and --exercise {args.exercise_option} are two exercises: name one.")
    submission = Path(args.submission) if getattr(args, "submission", None) else None
    if name is None and submission is not None:
        name = _named_by(submission)
    if name is not None:
        course, exercise = locate(name, Path.cwd())
    else:
        course = find_course(Path.cwd())
        exercise = next_open(course) or _none_open(course)
    return about(course, exercise, submission)


def next_open(course: Course) -> Path | None:
    """Return the first exercise of the learner's own course that is not passed yet. Raises `BadInput` when there is no such course."""
    if course.packaged:
        raise BadInput(NO_COURSE)
    files, progress = course.files(), Progress(course.root)
    if not files:
        raise BadInput(EMPTY.format(course.root))
    return next((path for path in files if not progress.passed(exercise_id(path))), None)


def next_after(course: Course, after: Path) -> Path | None:
    """Return the next exercise that is not passed: in the course's order from `after` on, and round its end to before it."""
    files, progress, at = course.files(), Progress(course.root), place(course, after)
    others = [path for path in [*files[at:], *files[:at]] if path.name != after.name]
    return next((path for path in others if not progress.passed(exercise_id(path))), None)


def place(course: Course, exercise: Path) -> int:
    """Return how many exercises of the course come before one, which may be gone."""
    files = [path.name for path in course.files()]
    if exercise.name in files:
        return files.index(exercise.name)
    order = [path.name for source in course.sources() if source is not course for path in source.files()]
    before = order[: order.index(exercise.name)] if exercise.name in order else order
    return sum(name in before for name in files)


def _none_open(course: Course) -> Path:
    raise BadInput(f"Every exercise is passed: name the one you mean, as {' or '.join(course.ids()[-2:])}.")


def _named_by(submission: Path) -> str:
    match = re.match(r"ex\d+[a-z]?(?=[_.])", submission.name)
    if match is None:
        answers = shlex.quote(str(submission))
        raise BadInput(f"Which exercise does {submission} answer? Name it too: `backprop-check check ex05 --submission {answers}`.")
    return match[0]


def agreed(question: str) -> bool:
    """Ask a person for a yes."""
    print(question, end="", flush=True)
    answer = sys.stdin.readline()
    if not answer.endswith("\n"):
        print()
    return answer.strip().lower() in ("y", "yes")
