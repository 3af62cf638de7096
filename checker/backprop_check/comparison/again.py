"""Ask again, in sessions of another kind, where one way of running a submission would be unfair."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import torch

from backprop_check.comparison.first import breaks, early, first_look, verdict_of
from backprop_check.records import Exercise, Run, Submission, Target, Trial, Verdict
from backprop_check.submission.doubled import asks_float32, asks_numpy_float32
from backprop_check.submission.run import Session
from backprop_check.trace.graph import Graph

_NAMED = re.compile(r"float(?!64)", re.IGNORECASE)
"""How torch names float32 where it refuses to mix: Float, float, Float32."""


def in_float32(
    graph: Graph,
    submission: Submission,
    verdicts: Mapping[str, Verdict],
    session: Callable[..., Session],
    draw: Callable[..., Callable[[], Trial]],
) -> Iterable[tuple[str, Verdict]]:
    """Judge again the answers that float32 may have spoilt: with float32 read as float64; what numpy keeps float32 then, all in float32.

    A float32 answer that stays wrong is told by its numbers in float64, which are as exact as any.
    """
    asked = asks_float32(submission)
    doubtful = [v for v in verdicts.values() if v.status in ("incorrect", "error") and (asked or _may_be_float32(v))]
    if not doubtful:
        return
    with session(doubled=True) as double:
        exact = first_look(graph, submission, lambda choice: double.run(draw(choice)))
    for verdict in doubtful:
        second = _as_float32(exact[verdict.target.name], verdict)
        if second.status == "correct" and _independent(verdict.target, second.runs, verdicts.values()):
            yield verdict.target.name, replace(second, why=second.why | {"float32"})
        elif second.status == "incorrect" and _is(verdict, torch.float32) and _is(exact[verdict.target.name], torch.float64):
            yield verdict.target.name, second
    numpy = asks_numpy_float32(submission)
    staying = [v for v in doubtful if (second := exact[v.target.name]).status != "correct" and (numpy or _may_be_float32(second))]
    if not staying:
        return
    with session() as single:
        rounded = first_look(graph, submission, lambda choice: single.run(draw(choice, torch.float32)))
    for verdict in staying:
        second = rounded[verdict.target.name]
        if second.status == "correct" and _independent(verdict.target, second.runs, verdicts.values()):
            yield verdict.target.name, replace(second, why=second.why | {"float32"})


def _may_be_float32(verdict: Verdict) -> bool:
    """Whether the answer is float32, or torch refused to mix it with float64."""
    answers = [run.answers[verdict.target.name] for run in verdict.runs]
    refused = [a.raised.message for a in answers if a.raised is not None and a.raised.kind == "RuntimeError"]
    return any(a.dtype == "float32" for a in answers) or any(_NAMED.search(message) for message in refused)


def _as_float32(exact: Verdict, first: Verdict) -> Verdict:
    """The verdict on an answer whose float32 was read as float64, with the dtype that it has."""
    name = exact.target.name
    if not (_is(first, torch.float32) and _is(exact, torch.float64)):
        return exact
    return replace(
        exact, runs=tuple(replace(r, answers={**r.answers, name: replace(r.answers[name], dtype="float32")}) for r in exact.runs)
    )


def _is(verdict: Verdict, dtype: torch.dtype) -> bool:
    """Whether the answer is a tensor of `dtype` in every run."""
    values = [run.answers[verdict.target.name].value for run in verdict.runs]
    return all(value is not None and value.dtype == dtype for value in values)


def _independent(target: Target, runs: Sequence[Run], verdicts: Iterable[Verdict]) -> bool:
    """Whether `target`, right in `runs`, owes nothing to a target that owes its own mark to it, be it by way of others.

    One may give up `da` for its gradient in a first session, and `db` in a second: what is right of both was asked of the oracle. Then `db`
    comes before `da` in the second and after it in the first; honest code has one order. So may three in three sessions.
    """
    marked = {v.target.name: _before(v.target, v.runs) for v in verdicts if v.status == "correct" and v.target != target}
    reached: set[str] = set()
    queue = _before(target, runs)
    while queue:
        name = queue.pop()
        if name not in reached:
            reached.add(name)
            queue |= marked.get(name, set())
    return target.name not in reached


def _before(target: Target, runs: Iterable[Run]) -> set[str]:
    """The targets whose gradients were handed out before `target` was answered."""
    return {name for run in runs if target.name in run.order for name in run.order[: run.order.index(target.name)]}


def second_opinions(
    exercise: Exercise,
    submission: Submission,
    verdicts: Mapping[str, Verdict],
    session: Callable[..., Session],
    draw: Callable[..., Callable[[], Trial]],
) -> Iterable[tuple[str, Verdict]]:
    """Run again where a wrong target, or a forward name given another value, may have spoilt a right answer below it."""
    wrong = [v for v in verdicts.values() if v.status in ("incorrect", "error") and not breaks(v.target, submission)]
    if not wrong:
        return
    earlier = [v.target.name for v in wrong if "aliased" not in v.why and any(early(run, v.target) for run in v.runs)]
    rebound = sorted({name for v in wrong for run in v.runs for name, _ in run.rebound})
    for ways in ({"early": earlier} if earlier else None, {"restored": rebound} if rebound else None):
        if ways is None:
            continue
        with session(**ways) as other:
            runs = tuple(other.run(draw(choice)) for choice in range(len(wrong[0].runs)))
        for verdict in wrong:
            if verdict.target.name not in ways.get("early", ()):
                second = verdict_of(verdict.target, runs, submission)
                if second.status == "correct" and _independent(verdict.target, runs, verdicts.values()):
                    yield verdict.target.name, replace(second, why=frozenset({"rebound"}) if "restored" in ways else frozenset())
