"""The way through: exercise, trace, submission, comparison, diagnosis, report. Every adapter calls this one way."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from backprop_check.comparison.held import Held
from backprop_check.comparison.judge import Judged, Trace, judge
from backprop_check.comparison.seeds import Seeds
from backprop_check.diagnosis.explain import Explained, explain, needs_no_word
from backprop_check.errors import BadInput
from backprop_check.exercise.parse import read_exercise
from backprop_check.records import Exercise, Report, Run, Submission, Trial, Verdict
from backprop_check.report.build import build_report, could_not_judge
from backprop_check.report.secret import as_shown, right_elsewhere, without_figures
from backprop_check.submission.parse import read_submission
from backprop_check.submission.run import Limits, NothingRan, Session
from backprop_check.submission.workers import Workers
from backprop_check.trace.author import silent
from backprop_check.trace.graph import Graph, load_graph, one_thread
from backprop_check.trace.oracle import trace

Explaining = Callable[[Graph, Submission, Sequence[Verdict]], Mapping[str, Explained]]


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
        return check_graph(graph, read(exercise), zygote, limits, partial(explain, most=searching), prints=True)[0]
    except (BadInput, NothingRan) as error:
        return could_not_judge(exercise, str(error))


def check_graph(
    graph: Graph,
    submission: Submission,
    zygote: Workers,
    limits: Limits | float,
    explaining: Explaining,
    *,
    seeds: Seeds | None = None,
    shown: Seeds | None = None,
    trace: Trace = trace,
    held: Held | None = None,
    prints: bool = False,
) -> tuple[Report, Judged]:
    """Check `submission` against a graph that is loaded; return what there is to say, and how it was judged.

    `explaining` gives, by target, what there is to say of it. `seeds`, `trace`, `held` and `prints` are `judge`'s. Where `shown` is given,
    the trials of `seeds` are secret: they decide, and every word and figure is of the trials of `shown`. Raises `NothingRan`.
    """
    ask = partial(judge, graph, submission, zygote, limits, trace=trace, held=held)
    judged = ask(seeds, prints=prints, marks_only=shown is not None)
    if shown is None:
        return _told(graph, submission, judged, explaining), judged
    if not judged.trouble and all(needs_no_word(v) and not any(run.passed for run in v.runs) for v in judged.verdicts):
        return without_figures(_told(graph, submission, judged._replace(verdicts=_nominal(judged)), lambda *_: {})), judged
    try:
        seen = ask(shown, skipped=judged.skipped)
    except NothingRan:
        silent = tuple(replace(v, runs=tuple(replace(run, passed=()) for run in v.runs)) for v in _nominal(judged))
        lost = judged._replace(verdicts=silent, trouble=())
        return without_figures(_told(graph, submission, lost, lambda *_: right_elsewhere(silent, silent))), judged
    verdicts = tuple(map(as_shown, judged.verdicts, seen.verdicts))
    apart = [
        v.target.name for v, s in zip(judged.verdicts, seen.verdicts, strict=True) if (v.status == "correct") != (s.status == "correct")
    ]
    report = _told(
        graph,
        submission,
        seen._replace(verdicts=verdicts),
        lambda *asked: {**explaining(*asked), **right_elsewhere(judged.verdicts, seen.verdicts)},
    )
    return without_figures(report, apart), judged


def _nominal(judged: Judged) -> tuple[Verdict, ...]:
    return tuple(replace(v, worst=0) for v in judged.verdicts)


def _told(graph: Graph, submission: Submission, judged: Judged, explaining: Explaining) -> Report:
    submission = replace(submission, trouble=judged.trouble)
    explained = explaining(graph, submission, judged.verdicts)
    return build_report(graph.exercise, submission, judged.verdicts, explained, judged.trouble, judged.printed)
