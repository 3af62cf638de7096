"""Judge one submission after another against exercises that are loaded once. Learner code runs in the zygote's workers only."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import torch

from backprop_check.classroom.packed import Packed, packed
from backprop_check.classroom.results import Result
from backprop_check.comparison.held import Held
from backprop_check.comparison.judge import Judged
from backprop_check.comparison.seeds import Seeds
from backprop_check.errors import BadInput
from backprop_check.exercise.parse import parse_exercise
from backprop_check.files import decoded
from backprop_check.flow import check_graph
from backprop_check.grading.clock import TooSlow, at_most, end_after
from backprop_check.grading.explaining import explained_apart, load_mistakes
from backprop_check.grading.remembered import Remembered
from backprop_check.grading.task import Setup, Task, seeds, shown_seeds
from backprop_check.grading.unjudged import too_slow
from backprop_check.records import Exercise, Outcome, Submission, Trial
from backprop_check.report.build import could_not_judge
from backprop_check.report.json import as_json
from backprop_check.submission.cells import cells
from backprop_check.submission.digest import code_digest
from backprop_check.submission.parse import submission_from
from backprop_check.submission.run import Limits, NothingRan
from backprop_check.submission.workers import Gone
from backprop_check.submission.zygote import Zygote
from backprop_check.trace.graph import Graph, load_graph
from backprop_check.trace.oracle import trace

TRIALS, REPORTS = 64, 4096
"""How many trials and reports are remembered."""

LONGEST = 5_000
"""Characters of a statement that are quoted: thousands of reports are held."""

ORDER: tuple[Outcome, ...] = ("refused", "timeout", "memory", "crashed")
"""Of several things that happened to a submission, the one that is its outcome."""

FAILED = "The checker itself failed over this submission ({}): look at it by hand."


class Found(NamedTuple):
    """What is told of a submission, how judging it ended, and whether all of its text parses."""

    report: Packed
    outcome: Outcome
    whole: bool = True


class Bench:
    """A judge at work: the graphs, what the oracle said, and what was said of answers before."""

    def __init__(self, setup: Setup, zygote: Zygote) -> None:
        """Load the exercises and ask the oracle once. Raises `BadInput` where one cannot be used."""
        self._setup, self._zygote = setup, zygote
        parsed = {name: parse_exercise(Path(file), text) for name, (file, text) in setup.exercises.items()}
        self._graphs = {name: load_graph(exercise) for name, exercise in parsed.items()}
        self._trace = Remembered(trace, TRIALS)
        # The trials follow from the secret and the code, so equal code is judged once: but what a clock or a death decided is tried again.
        self._of_code = Remembered(self._judged, REPORTS, lasts=lambda found: found.outcome == "judged")
        self._of_file = Remembered(self._read_and_judged, REPORTS, lasts=lambda found: found.outcome == "judged" and found.whole)
        self._held = {graph.exercise.id: Held() for graph in self._graphs.values()}
        for graph in self._graphs.values():
            trace(graph, 0, graph.sizes[0])
        load_mistakes()

    def judge(self, task: Task) -> Result:
        """Judge one submission. Whatever it holds, there is a result."""
        started = time.perf_counter()
        end_after(self._setup.time_limit + 1)
        graph = self._graphs[task.exercise]
        report: Mapping[str, Any]
        try:
            report, outcome, _ = self._of_file((task.exercise, task.same), task, graph)
        except NothingRan as error:
            report, outcome = as_json(could_not_judge(graph.exercise, str(error))), error.outcome
        except BadInput as error:
            report, outcome = as_json(could_not_judge(graph.exercise, str(error))), "unreadable"
        except Gone:
            raise
        except Exception as error:  # a mistake of ours must not cost the judge; without a digest, the next run tries again
            report, outcome = as_json(could_not_judge(graph.exercise, FAILED.format(type(error).__name__))), "crashed"
            task = replace(task, digest="")
        end_after(0)
        seconds = time.perf_counter() - started
        return Result(task.submission, task.student, task.exercise, report, seconds, outcome, task.digest)

    def _read_and_judged(self, task: Task, graph: Graph) -> Found:
        submission, code = read(task, graph.exercise, self._setup.time_limit)
        end_after(self._setup.longest)
        draw = seeds(self._setup.secret, task.exercise, code)
        found: Found = self._of_code((task.exercise, code, _told_apart(submission)), graph, submission, draw)
        return found._replace(whole=not submission.broken)

    def _judged(self, graph: Graph, submission: Submission, draw: Seeds) -> Found:
        """Judge by trials that are secret; explain what is wrong by others, the same for everybody: no word tells of the first."""
        limits, shown = Limits(self._setup.time_limit, self._setup.whole), shown_seeds(graph.exercise.id)
        report, judged = check_graph(
            graph,
            submission,
            self._zygote,
            limits,
            partial(explained_apart, searching=self._setup.searching),
            seeds=draw,
            shown=shown,
            trace=self._traced,
            held=self._held[graph.exercise.id],
        )
        return Found(_kept(as_json(report)), _outcome(judged))

    def _traced(
        self, graph: Graph, seed: int, sizes: Any, dtype: torch.dtype = torch.float64, perturb: frozenset[str] = frozenset()
    ) -> Trial:
        if perturb:  # on these no mark depends; everybody has the same
            seed = shown_seeds(f"{graph.exercise.id}, perturbed")()
        key = (graph.exercise.id, seed, tuple(sizes.items()), dtype, perturb)
        found: Trial = self._trace(key, graph, seed, sizes, dtype, perturb)
        return found


def _kept(report: dict[str, Any]) -> Packed:
    """Return a report as it is remembered and written down. Of a statement that is as long as a file its beginning is enough."""
    for gradient in report["gradients"]:
        if len(gradient["source"] or "") > LONGEST:
            gradient["source"] = f"{gradient['source'][:LONGEST]}…"
    return packed(report)


def _told_apart(submission: Submission) -> object:
    """What of a submission may be quoted, beside its code: where its lines stand, and the comments within its statements."""
    places = [(outer.where, outer.source) for outer in (*submission.above, *submission.others)]
    return (*places, *(s.source for s in submission.statements if "#" in s.source))


def read(task: Task, exercise: Exercise, seconds: float) -> tuple[Submission, str]:
    """Read a submission as `submission_of` does, and return it with a fingerprint of the code.

    Raises `NothingRan` where that takes more than `seconds`.
    """
    try:
        with at_most(seconds):
            submission = submission_of(task, exercise)
            return submission, code_digest(submission)
    except TooSlow:
        raise NothingRan(too_slow(task, seconds), "timeout") from None


def submission_of(task: Task, exercise: Exercise) -> Submission:
    """Read the submission's text, running nothing of it. Raises `BadInput`, also where parsing it takes more than Python has."""
    path = Path(PurePosixPath(task.submission).name)
    try:
        return submission_from(cells(path, decoded(task.data, path, "submission")), path, exercise, task.beside.get)
    except (RecursionError, MemoryError):
        raise BadInput(f"{path} is nested too deeply to be read: write it as plain statements.") from None


def _outcome(judged: Judged) -> Outcome:
    """Return what happened while the answers were had; a target that ran out of memory says so itself."""
    raised = [run.answers[v.target.name].raised for v in judged.verdicts for run in v.runs]
    starved = any(r is not None and (r.kind == "MemoryError" or "can't allocate memory" in r.message) for r in raised)
    happened = {*judged.ends, *(("memory",) if starved else ())}
    return next((outcome for outcome in ORDER if outcome in happened), "judged")
