"""The way through: exercise, trace, submission, comparison, diagnosis, report. Every adapter calls this one way."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from backprop_check.comparison.judge import judge
from backprop_check.diagnosis.explain import explain
from backprop_check.errors import BadInput
from backprop_check.exercise.parse import read_exercise
from backprop_check.records import Exercise, Report, Run, Submission, Trial
from backprop_check.report.build import build_report, could_not_judge
from backprop_check.submission.parse import read_submission
from backprop_check.submission.run import Limits, NothingRan, Session
from backprop_check.submission.workers import Workers
from backprop_check.trace.author import silent
from backprop_check.trace.graph import Graph, load_graph, one_thread


def check(exercise_path: Path, submission_path: Path, zygote: Workers, time_limit: float = 10.0, searching: float = math.inf) -> Report:
    """Check the `backward` in `submission_path` against the exercise in `exercise_path`.

    The forward and the inputs are the exercise's own; learner code runs in children of `zygote` only, each statement for at most
    `time_limit` seconds, and causes are sought with at most so much
    `searching` (of `expression.work`) in all. Raises `BadInput` when the exercise cannot be used; a
    submission that cannot be read gives a report that says why.
    """
    return check_read(read_exercise(exercise_path), partial(read_submission, submission_path), zygote, time_limit, searching)


def answers_on(trial: Trial, graph: Graph, submission: Submission, zygote: Workers, time_limit: float) -> Run:
    """Return what a submission gives on one trial more, by which nothing is judged. Raises `NothingRan`."""
    with Session(zygote, graph.exercise, submission, Limits(time_limit)) as session:
        return session.run(lambda: trial)


@one_thread()  # the tensors are small, and sums are to round in one way
@silent()  # whatever asks the forward again, what its author prints goes nowhere
def check_read(
    exercise: Exercise,
    read: Callable[[Exercise], Submission],
    zygote: Workers,
    limits: Limits | float = 10.0,
    searching: float = math.inf,
) -> Report:
    """Check what `read` gives against `exercise`, as `check` does; `read` may raise `BadInput`."""
    graph = load_graph(exercise)
    try:
        submission = read(exercise)
        judged = judge(graph, submission, zygote, limits, prints=True)
        submission = replace(submission, trouble=judged.trouble)
    except (BadInput, NothingRan) as error:
        return could_not_judge(exercise, str(error))
    explained = explain(graph, submission, judged.verdicts, searching)
    return build_report(exercise, submission, judged.verdicts, explained, judged.trouble, judged.printed)
