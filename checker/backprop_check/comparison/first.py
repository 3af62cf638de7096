"""The first look: the verdicts of one session."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import torch

from backprop_check.comparison.compare import compare
from backprop_check.errors import BadInput
from backprop_check.records import Answer, Run, Status, Submission, Target, Verdict
from backprop_check.submission.run import NothingRan
from backprop_check.trace.graph import Graph


def first_look(graph: Graph, submission: Submission, run: Callable[[int], Run], closer: bool = True) -> dict[str, Verdict]:
    """The verdicts of one session, each target judged alone. `run` draws a trial of a choice of sizes and runs the submission on it.

    A `closer` look tells a hard-coded size from chance.
    """
    runs = tuple(run(choice) for choice in range(len(graph.sizes)))
    for target in graph.exercise.targets:
        where = f"{graph.exercise.path}:{target.line}"
        if not any(bool(torch.isfinite(r.trial.gradients[target.name]).any()) for r in runs):
            raise BadInput(f"{where}: autograd's gradient of `{target.node}` is nowhere finite, so nothing can be judged by it.")
    verdicts = {t.name: verdict_of(t, runs, submission) for t in graph.exercise.targets}
    doubtful = {c for v in verdicts.values() if _size_dependent(v) for c, difference in enumerate(v.differences) if difference.wrong}
    if doubtful and closer:
        nominal, others = [run(0) for _ in range(2)], [run(choice) for choice in sorted(doubtful)]
        verdicts = {name: _hard_coded(v, nominal, others) for name, v in verdicts.items()}
    return verdicts


def with_unseen(verdicts: Mapping[str, Verdict], run: Callable[[], Run]) -> dict[str, Verdict]:
    """Give every wrong answer a run that nothing is sought in; none where the submission or the forward does not get so far."""
    wrong = {name for name, verdict in verdicts.items() if verdict.status in ("incorrect", "error")}
    if not wrong:
        return dict(verdicts)
    try:
        unseen = run()
    except (BadInput, NothingRan):
        return dict(verdicts)
    return {name: replace(verdict, unseen=unseen) if name in wrong else verdict for name, verdict in verdicts.items()}


def verdict_of(target: Target, runs: tuple[Run, ...], submission: Submission) -> Verdict:
    differences = tuple(compare(run, target.name) for run in runs)
    states = [run.answers[target.name].state for run in runs]
    why = frozenset[str]()
    status: Status
    if breaks(target, submission):
        status = "error"
    elif states[0] == "missing":
        status = "error" if compares(target, submission) else "missing"
    elif states[0] == "raised" and all(s == "raised" for s in states):
        status = "error"
    elif all(d.wrong == "" for d in differences):
        status = "correct"
    else:
        status = "incorrect"
        if all(early(run, target) and compare(run, target.name, early(run, target)).wrong == "" for run in runs):
            why = frozenset({"aliased"})
    return Verdict(target, status, runs, differences, _worst(states, differences), why)


def early(run: Run, target: Target) -> Answer | None:
    return run.answers[target.name].early


def breaks(target: Target, submission: Submission) -> bool:
    """Whether the last word on the target is a line that does not parse."""
    lines = [b.line for b in submission.broken if b.target == target.name]
    writes = [s.line for s in submission.statements if target.name in s.writes]
    return bool(lines) and max(lines) > max(writes, default=0)


def compares(target: Target, submission: Submission) -> bool:
    """Whether a statement begins as the target's own would, and compares in the place of assigning: `da == b`."""
    return any(re.match(rf"{re.escape(target.name)}\s*==", s.source) for s in submission.statements)


def _worst(states: Sequence[str], differences: Sequence) -> int:  # type: ignore[type-arg]
    order = {"raised": 1, "": 0, "value": 2, "dtype": 3, "shape": 4, "kind": 5}
    ranks = [(order[d.wrong], d.max_rel or 0.0, -i) for i, d in enumerate(differences)]
    return ranks.index(max(ranks))


def _size_dependent(verdict: Verdict) -> bool:
    return verdict.status == "incorrect" and verdict.differences[0].wrong == ""


def _hard_coded(verdict: Verdict, nominal: Iterable[Run], others: Iterable[Run]) -> Verdict:
    """Right on three nominal seeds, and at other sizes wrong whenever it was wrong there once: the answer holds something of its sizes."""
    if not _size_dependent(verdict):
        return verdict
    name = verdict.target.name
    wrong_at = [run.trial.sizes for run, difference in zip(verdict.runs, verdict.differences, strict=True) if difference.wrong]
    right = all(compare(run, name).wrong == "" for run in nominal)
    if right and all(compare(run, name).wrong for run in others if run.trial.sizes in wrong_at):
        return replace(verdict, why=verdict.why | {"hard-coded-size"})
    return verdict
