"""Judge a submission: run it on the trials, compare, and ask again where one way of running it would be unfair."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import torch

from backprop_check.comparison.compare import compare
from backprop_check.comparison.second import second_look
from backprop_check.records import Answer, Exercise, Run, Status, Submission, Target, Trial, Verdict
from backprop_check.results import Outcome
from backprop_check.submission.run import Limits, Session, fresh_seed
from backprop_check.submission.statements import replaces, writers
from backprop_check.submission.zygote import Zygote
from backprop_check.trace.graph import Graph
from backprop_check.trace.oracle import trace

Seeds = Callable[[], int]
Trace = Callable[..., Trial]


class Judged(NamedTuple):
    """A verdict per target, in the exercise's order; what went wrong before `backward` (statement, error); how workers ended unasked."""

    verdicts: tuple[Verdict, ...]
    trouble: tuple[tuple[int, str], ...]
    ends: tuple[Outcome, ...]


def judge(
    graph: Graph,
    submission: Submission,
    zygote: Zygote,
    limits: Limits | float = 10.0,
    seeds: Seeds = fresh_seed,
    trace: Trace = trace,
) -> Judged:
    """Run `submission` on the trials of `graph` and return what is found.

    `seeds` gives a new seed at each call; no two trials share one. `limits` as a number are seconds a statement. `trace` is for callers
    that remember what the oracle said. Raises `NothingRan` when `backward` was never reached.
    """
    bounds = limits if isinstance(limits, Limits) else Limits(limits)
    until = time.monotonic() + bounds.whole
    ends: list[Outcome] = []

    def draw(choice: int, dtype: torch.dtype = torch.float64) -> Callable[[], Trial]:
        return lambda: trace(graph, seeds(), graph.sizes[choice], dtype)

    def perturbed(nodes: frozenset[str]) -> Trial:
        return trace(graph, seeds(), graph.sizes[0], perturb=nodes)

    def session(early: Sequence[str] = (), restored: Sequence[str] = ()) -> Session:
        return Session(zygote, graph.exercise, submission, bounds, until, early, restored, skipped=dict(skipped), ends=ends)

    skipped: dict[int, tuple[str, str]] = {}
    targets = graph.exercise.targets
    with session() as main:
        runs = tuple(main.run(draw(choice)) for choice in range(len(graph.sizes)))
        verdicts = {t.name: _verdict(t, runs, submission) for t in targets}
        if any(_size_dependent(v) for v in verdicts.values()):
            again = tuple(main.run(draw(0)) for _ in range(2))
            verdicts = {name: _hard_coded(v, again) for name, v in verdicts.items()}
        verdicts |= second_look(graph, submission, verdicts, lambda nodes: main.run(lambda: perturbed(nodes)))
        skipped.update(main.skipped)
        trouble = tuple(dict.fromkeys(main.prelude_errors))
    for name, verdict in _in_float32(graph, verdicts, session, draw):
        verdicts[name] = verdict
    for name, verdict in _second_opinions(graph.exercise, submission, verdicts, session, draw):
        verdicts[name] = verdict
    return Judged(tuple(_policy(verdicts[t.name], submission) for t in targets), trouble, tuple(ends))


def _verdict(target: Target, runs: tuple[Run, ...], submission: Submission) -> Verdict:
    differences = tuple(compare(run, target.name) for run in runs)
    states = [run.answers[target.name].state for run in runs]
    why = frozenset[str]()
    status: Status
    if _breaks(target, submission):
        status = "error"
    elif states[0] == "missing":
        status = "missing"
    elif states[0] == "raised" and all(s == "raised" for s in states):
        status = "error"
    elif all(d.wrong == "" for d in differences):
        status = "correct"
    else:
        status = "incorrect"
        if all(_early(run, target) and compare(run, target.name, _early(run, target)).wrong == "" for run in runs):
            why = frozenset({"aliased"})
    return Verdict(target, status, runs, differences, _worst(states, differences), why)


def _early(run: Run, target: Target) -> Answer | None:
    return run.answers[target.name].early


def _breaks(target: Target, submission: Submission) -> bool:
    """Whether the last word on the target is a line that does not parse."""
    breaks = [b.line for b in submission.broken if b.target == target.name]
    writes = [s.line for s in submission.statements if target.name in s.writes]
    return bool(breaks) and max(breaks) > max(writes, default=0)


def _worst(states: Sequence[str], differences: Sequence) -> int:  # type: ignore[type-arg]
    order = {"raised": 1, "": 0, "value": 2, "dtype": 3, "shape": 4, "kind": 5}
    ranks = [(order[d.wrong], d.max_rel or 0.0, -i) for i, d in enumerate(differences)]
    return ranks.index(max(ranks))


def _size_dependent(verdict: Verdict) -> bool:
    return verdict.status == "incorrect" and verdict.differences[0].wrong == ""


def _hard_coded(verdict: Verdict, again: Iterable[Run]) -> Verdict:
    """Right on three nominal seeds and wrong at each other choice of sizes: the answer holds a size."""
    if not _size_dependent(verdict):
        return verdict
    nominal = all(compare(run, verdict.target.name).wrong == "" for run in again)
    others = [d for d, run in zip(verdict.differences, verdict.runs, strict=True) if run.trial.sizes != verdict.runs[0].trial.sizes]
    if nominal and others and all(d.wrong for d in others):
        return replace(verdict, why=verdict.why | {"hard-coded-size"})
    return verdict


def _in_float32(
    graph: Graph, verdicts: Mapping[str, Verdict], session: Callable[..., Session], draw: Callable[..., Callable[[], Trial]]
) -> Iterable[tuple[str, Verdict]]:
    """Judge again, all in float32, the answers that are float32 or that raised: they may be right but for their dtype."""
    doubtful = [v for v in verdicts.values() if v.status in ("incorrect", "error") and _may_be_float32(v)]
    if not doubtful:
        return
    with session() as single:
        runs = tuple(single.run(draw(choice, torch.float32)) for choice in range(len(graph.sizes)))
    for verdict in doubtful:
        differences = tuple(compare(run, verdict.target.name) for run in runs)
        if all(d.wrong == "" for d in differences) and _independent(verdict.target, runs, verdicts.values()):
            worst = _worst([run.answers[verdict.target.name].state for run in runs], differences)
            yield (
                verdict.target.name,
                replace(verdict, status="correct", runs=runs, differences=differences, worst=worst, why=frozenset({"float32"})),
            )


def _independent(target: Target, runs: Sequence[Run], verdicts: Iterable[Verdict]) -> bool:
    """Whether `target`, right in `runs`, owes nothing to a target that owed its own mark to it.

    One may give up `da` for its gradient in a first session, and `db` in a second: what is right of both was asked of the oracle. Then `db`
    comes before `da` in the second and after it in the first; honest code has one order.
    """
    marked = [v for v in verdicts if v.status == "correct" and v.target != target]
    return not any(_before(v.target, target, run) and _before(target, v.target, first) for v in marked for run in runs for first in v.runs)


def _before(one: Target, other: Target, run: Run) -> bool:
    return one.name in run.order and other.name in run.order and run.order.index(one.name) < run.order.index(other.name)


def _may_be_float32(verdict: Verdict) -> bool:
    answers = [run.answers[verdict.target.name] for run in verdict.runs]
    return any(a.dtype == "float32" or (a.state == "raised" and a.raised is not None and a.raised.kind == "RuntimeError") for a in answers)


def _second_opinions(
    exercise: Exercise,
    submission: Submission,
    verdicts: Mapping[str, Verdict],
    session: Callable[..., Session],
    draw: Callable[..., Callable[[], Trial]],
) -> Iterable[tuple[str, Verdict]]:
    """Run again where a wrong target, or a forward name given another value, may have spoilt a right answer below it."""
    wrong = [v for v in verdicts.values() if v.status in ("incorrect", "error") and not _breaks(v.target, submission)]
    if not wrong:
        return
    early = [v.target.name for v in wrong if "aliased" not in v.why and any(_early(run, v.target) for run in v.runs)]
    rebound = sorted({name for v in wrong for run in v.runs for name, _ in run.rebound})
    for ways in ({"early": early} if early else None, {"restored": rebound} if rebound else None):
        if ways is None:
            continue
        with session(**ways) as other:
            runs = tuple(other.run(draw(choice)) for choice in range(len(wrong[0].runs)))
        for verdict in wrong:
            if verdict.target.name not in ways.get("early", ()):
                second = _verdict(verdict.target, runs, submission)
                if second.status == "correct" and _independent(verdict.target, runs, verdicts.values()):
                    yield verdict.target.name, replace(second, why=frozenset({"rebound"}) if "restored" in ways else frozenset())


def _policy(verdict: Verdict, submission: Submission) -> Verdict:
    """Answers that ask autograd earn nothing, whatever they give."""
    asked = asked_oracle(verdict, submission)
    if asked is None or verdict.status == "missing":
        return verdict
    return replace(verdict, status="incorrect", why=frozenset({"autograd-used"}), asked=asked)


def asked_oracle(verdict: Verdict, submission: Submission) -> str | None:
    """How the answer to this target asks autograd: in a statement it rests on, in a helper it calls, or as the worker caught it."""
    raised = next((run.answers[verdict.target.name].raised for run in verdict.runs), None)
    if raised is not None and raised.kind == "AutogradUsed":
        return raised.message
    gradients = {"d" + name for name in verdict.run.trial.values}
    names, seen, writing = [verdict.target.name], {verdict.target.name}, writers(submission.statements)
    while names:
        name = names.pop()
        if name in submission.helpers_asking:
            return submission.helpers_asking[name][1]
        for statement in writing.get(name, ()):
            # A forward value carries no oracle unless the name is given another value; `W.requires_grad_()` above is a mere habit.
            if name not in submission.parameters or replaces(statement, name):
                if statement.index in submission.oracle_calls:
                    return submission.oracle_calls[statement.index]
                fresh = statement.reads - seen - gradients
                seen |= fresh
                names += fresh
    return None
