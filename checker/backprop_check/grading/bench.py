"""Judge one submission after another against exercises that are loaded once. Learner code runs in the zygote's workers only."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import torch

from backprop_check.comparison.judge import Judged, judge
from backprop_check.errors import BadInput
from backprop_check.exercise.parse import parse_exercise
from backprop_check.files import decoded
from backprop_check.grading.clock import TooSlow, at_most
from backprop_check.grading.explaining import explained_apart
from backprop_check.grading.task import Setup, Task, seeds
from backprop_check.records import Exercise, Report, Run, Submission, Trial, Verdict
from backprop_check.report.build import build_report, could_not_judge
from backprop_check.report.json import as_json
from backprop_check.results import Outcome, Result
from backprop_check.submission.cells import cells
from backprop_check.submission.digest import code_digest
from backprop_check.submission.parse import submission_from
from backprop_check.submission.run import Limits, NothingRan
from backprop_check.submission.wire import raw_bytes
from backprop_check.submission.zygote import Gone, Zygote
from backprop_check.trace.graph import Graph, load_graph
from backprop_check.trace.oracle import trace

TRIALS, EXPLANATIONS = 64, 4096
"""How many trials and explanations are remembered."""

ORDER: tuple[Outcome, ...] = ("refused", "timeout", "memory", "crashed")
"""Of several things that happened to a submission, the one that is its outcome."""


FAILED = "The checker itself failed over this submission ({}): look at it by hand."


class Remembered:
    """A function of hashable arguments that remembers its latest results."""

    def __init__(self, function: Callable[..., Any], size: int) -> None:
        self._function, self._size, self._known = function, size, OrderedDict[Any, Any]()

    def __call__(self, key: Any, *args: Any) -> Any:
        if key not in self._known:
            self._known[key] = self._function(*args)
            if len(self._known) > self._size:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]


class Bench:
    """A judge at work: the graphs, what the oracle said, and what was said of answers before."""

    def __init__(self, setup: Setup, zygote: Zygote) -> None:
        """Load the exercises and ask the oracle once. Raises `BadInput` where one cannot be used."""
        self._setup, self._zygote = setup, zygote
        parsed = {name: parse_exercise(Path(file), text) for name, (file, text) in setup.exercises.items()}
        self._graphs = {name: load_graph(exercise) for name, exercise in parsed.items()}
        self._trace = Remembered(trace, TRIALS)
        self._explain = Remembered(explained_apart, EXPLANATIONS)
        for graph in self._graphs.values():
            trace(graph, 0, graph.sizes[0])

    def judge(self, task: Task) -> Result:
        """Judge one submission. Whatever it holds, there is a result."""
        started = time.perf_counter()
        graph = self._graphs[task.exercise]
        try:
            report, outcome = self._report(task, graph)
        except NothingRan as error:
            report, outcome = could_not_judge(graph.exercise, str(error)), error.outcome
        except BadInput as error:
            report, outcome = could_not_judge(graph.exercise, str(error)), "unreadable"
        except Gone:
            raise
        except Exception as error:  # a mistake of ours must not cost the judge; without a digest, the next run tries again
            report, outcome = could_not_judge(graph.exercise, FAILED.format(type(error).__name__)), "crashed"
            task = replace(task, digest="")
        seconds = time.perf_counter() - started
        return Result(task.submission, task.student, task.exercise, as_json(report), seconds, outcome, task.digest)

    def _report(self, task: Task, graph: Graph) -> tuple[Report, Outcome]:
        submission, code = read(task, graph.exercise, self._setup.time_limit)
        limits = Limits(self._setup.time_limit, self._setup.whole)
        judged = judge(graph, submission, self._zygote, limits, seeds(self._setup.secret, task.exercise, code), self._traced)
        submission = replace(submission, trouble=judged.trouble)
        key = (task.exercise, code, judged.trouble, _values(judged.verdicts))
        explained = self._explain(key, graph, submission, judged.verdicts, self._setup.searching)
        return build_report(graph.exercise, submission, judged.verdicts, explained, judged.trouble), _outcome(judged)

    def _traced(
        self, graph: Graph, seed: int, sizes: Any, dtype: torch.dtype = torch.float64, perturb: frozenset[str] = frozenset()
    ) -> Trial:
        key = (graph.exercise.id, seed, tuple(sizes.items()), dtype, perturb)
        found: Trial = self._trace(key, graph, seed, sizes, dtype, perturb)
        return found


def read(task: Task, exercise: Exercise, seconds: float) -> tuple[Submission, str]:
    """Read a submission as `submission_of` does, and return it with a fingerprint of the code.

    Raises `NothingRan` where that takes more than `seconds`.
    """
    try:
        with at_most(seconds):
            submission = submission_of(task, exercise)
            return submission, code_digest(submission)
    except TooSlow:
        what = f"{PurePosixPath(task.submission).name} takes longer than {seconds:g} s to read"
        raise NothingRan(f"{what}: hand in your `backward` and what it needs.", "timeout") from None


def submission_of(task: Task, exercise: Exercise) -> Submission:
    """Read the submission's text, running nothing of it. Raises `BadInput`, also where parsing it takes more than Python has."""
    path = Path(PurePosixPath(task.submission).name)
    try:
        return submission_from(cells(path, decoded(task.data, path, "submission")), path, exercise, task.beside.get)
    except (RecursionError, MemoryError):
        raise BadInput(f"{path} is nested too deeply to be read: write it as plain statements.") from None


def _values(verdicts: tuple[Verdict, ...]) -> bytes:
    """Return a digest of what the code gave in every trial: code that draws at random may give something else each time."""
    digest = hashlib.sha256()
    for verdict in verdicts:
        digest.update(repr((verdict.target.name, verdict.status, verdict.why, [_told(run, verdict) for run in verdict.runs])).encode())
    return digest.digest()


def _told(run: Run, verdict: Verdict) -> object:
    answer = run.answers[verdict.target.name]
    value = None if answer.value is None else hashlib.sha256(raw_bytes(answer.value)).digest()
    return answer.state, answer.dtype, answer.shape, answer.kind, answer.raised, value


def _outcome(judged: Judged) -> Outcome:
    """Return what happened while the answers were had; a target that ran out of memory says so itself."""
    raised = [run.answers[v.target.name].raised for v in judged.verdicts for run in v.runs]
    starved = any(r is not None and (r.kind == "MemoryError" or "can't allocate memory" in r.message) for r in raised)
    happened = {*judged.ends, *(("memory",) if starved else ())}
    return next((outcome for outcome in ORDER if outcome in happened), "judged")
