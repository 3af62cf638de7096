"""Judge a submission: run it on the trials, compare, and ask again where one way of running it would be unfair."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

import torch

from backprop_check.comparison.again import First, in_float32, second_opinions
from backprop_check.comparison.first import first_look, with_unseen
from backprop_check.comparison.held import Held
from backprop_check.comparison.second import second_look
from backprop_check.comparison.seeds import Seeds, own_seeds
from backprop_check.comparison.standing import differing, may_vary, standing
from backprop_check.records import Outcome, Submission, Trial, Verdict
from backprop_check.submission.run import Limits, NothingRan, Session
from backprop_check.submission.statements import replaces, writers
from backprop_check.submission.workers import Workers
from backprop_check.trace.graph import Graph
from backprop_check.trace.oracle import trace

Trace = Callable[..., Trial]


class Judged(NamedTuple):
    """A verdict per target, in the exercise's order; what went wrong before `backward` (statement, error); how workers ended unasked.

    `skipped` are the statements that hung or ended the process, `printed` the lines that statements printed at the nominal sizes.
    """

    verdicts: tuple[Verdict, ...]
    trouble: tuple[tuple[int, str], ...]
    ends: tuple[Outcome, ...]
    skipped: Mapping[int, tuple[str, str]]
    printed: Mapping[int, tuple[str, ...]] = MappingProxyType({})


def judge(
    graph: Graph,
    submission: Submission,
    zygote: Workers,
    limits: Limits | float = 10.0,
    seeds: Seeds | None = None,
    trace: Trace = trace,
    skipped: Mapping[int, tuple[str, str]] = MappingProxyType({}),
    marks_only: bool = False,
    prints: bool = False,
    held: Held | None = None,
) -> Judged:
    """Run `submission` on the trials of `graph` and return what is found.

    `seeds` gives a new seed at each call; no two trials share one, and by default they follow from the exercise and the code. `limits` as
    a number are seconds a statement. `trace` is for callers that remember what the oracle said. `skipped` are statements that are known
    to hang or to end the process. With `marks_only` nothing is run that only explaining needs; with `prints` it is told what the code
    prints. `held` is what the second look keeps from one submission to the next. Raises `NothingRan` when `backward` was never reached.
    """
    bounds = limits if isinstance(limits, Limits) else Limits(limits)
    until = time.monotonic() + bounds.whole
    ends: list[Outcome] = []
    seeds = seeds or own_seeds(graph.exercise, submission)

    def draw(choice: int, dtype: torch.dtype = torch.float64) -> Callable[[], Trial]:
        return lambda: trace(graph, seeds(), graph.sizes[choice], dtype)

    def perturbed(nodes: frozenset[str]) -> Trial:
        return trace(graph, seeds(), graph.sizes[0], perturb=nodes)

    def session(early: Sequence[str] = (), restored: Sequence[str] = (), doubled: bool = False, prints: bool = False) -> Session:
        return Session(zygote, graph.exercise, submission, bounds, until, early, restored, doubled, prints, skipped=dict(known), ends=ends)

    known = dict(skipped)
    with session(prints=prints) as main:
        verdicts = first_look(graph, submission, lambda choice: main.run(draw(choice)), closer=not marks_only)
        if not marks_only:
            verdicts = with_unseen(verdicts, lambda: main.run(lambda: trace(graph, seeds(), graph.unseen)))
        verdicts |= second_look(graph, submission, verdicts, lambda nodes: main.run(lambda: perturbed(nodes)), held, seeds)
        known.update(main.skipped)
        printed = {index: tuple(lines) for index, lines in main.printed.items()}
        trouble = tuple(dict.fromkeys(main.prelude_errors))
    verdicts |= standing(verdicts, main.broken_off)
    with contextlib.suppress(NothingRan):  # no time was left to ask again: what was judged stands
        if may_vary(submission):
            verdicts |= differing(verdicts, session)
        first = First(dict(verdicts), main.broken_off)
        for name, verdict in in_float32(graph, submission, first, session, draw):
            verdicts[name] = verdict
        for name, verdict in second_opinions(graph.exercise, submission, replace(first, verdicts=dict(verdicts)), session, draw):
            verdicts[name] = verdict
    return Judged(tuple(_policy(verdicts[t.name], submission) for t in graph.exercise.targets), trouble, tuple(ends), known, printed)


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
