"""Results of submissions that no judge has seen, or whose judge gave nothing back."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from backprop_check.classroom.results import Result
from backprop_check.exercise.parse import parse_exercise
from backprop_check.grading.task import Setup, Task
from backprop_check.records import Outcome
from backprop_check.report.build import could_not_judge
from backprop_check.report.json import SCHEMA, as_json


def unjudged(setup: Setup, task: Task, message: str, outcome: Outcome) -> Result:
    """Return a result with no marks, whose report says why."""
    definition = setup.exercises.get(task.exercise)
    if definition is not None:
        report = as_json(could_not_judge(parse_exercise(Path(definition[0]), definition[1]), message))
    else:
        nothing = {"schema": SCHEMA, "exercise": task.exercise or None, "title": None, "status": "error", "score": 0.0, "max_score": 0.0}
        report = {**nothing, "message": message, "gradients": []}
    return Result(task.submission, task.student, task.exercise, report, 0.0, outcome, task.digest)


def too_slow(task: Task, seconds: float) -> str:
    return f"{PurePosixPath(task.submission).name} takes longer than {seconds:g} s to read: hand in your `backward` and what it needs."
