"""Ask again, in sessions of another kind, where one way of running a submission would be unfair."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from backprop_check.comparison.compare import compare
from backprop_check.comparison.first import breaks, early, first_look, verdict_of
from backprop_check.comparison.standing import contradicted
from backprop_check.records import Exercise, Run, Submission, Trial, Verdict
from backprop_check.submission.doubled import asks_float32, asks_numpy_float32
from backprop_check.submission.run import Session
from backprop_check.submission.statements import writers
from backprop_check.trace.graph import Graph

_NAMED = re.compile(r"float(?!64)", re.IGNORECASE)
"""How torch names float32 where it refuses to mix: Float, float, Float32."""

ROUGHLY = 1e-2
"""What `max|Δ| / scale` of a float64 answer may be that float32 has spoilt on its way."""


@dataclass(frozen=True)
class First:
    """What the first session gave: its verdicts, and its runs that broke off."""

    verdicts: Mapping[str, Verdict]
    broken_off: Sequence[Run]

    def runs(self, name: str) -> list[Run]:
        """The runs in which `name` was answered."""
        return [run for run in (*self.verdicts[name].runs, *self.broken_off) if name in run.order]

    def wrong(self) -> list[Verdict]:
        return [v for v in self.verdicts.values() if v.status in ("incorrect", "error") and "not-deterministic" not in v.why]

    def mended(self, second: Verdict, session: Session) -> bool:
        """Whether another session may mend an answer: it is right there, and was handed no gradient before it that the first had not been.

        One may give up `da` for its gradient in a first session, and `db` for that of `da` in a second; honest code has one order, but
        for those that the session itself takes early, which earn nothing.
        """
        name = second.target.name
        runs = [*second.runs, *(run for run in session.broken_off if name in run.order)]
        known = [_before(name, run) for run in self.runs(name)]
        return (
            second.status == "correct"
            and not contradicted(name, session.broken_off)
            and set().union(*(_before(name, run) for run in runs)) <= set.intersection(*known or [set()]).union(session.early)
        )


def in_float32(
    graph: Graph,
    submission: Submission,
    first: First,
    session: Callable[..., Session],
    draw: Callable[..., Callable[[], Trial]],
) -> Iterable[tuple[str, Verdict]]:
    """Judge again the answers that float32 may have spoilt: with float32 read as float64; what numpy keeps float32 then, all in float32.

    A float32 answer that stays wrong is told by its numbers in float64, which are as exact as any; one that raised where float32 met
    float64, by what it does when they do not meet.
    """
    wrong = first.wrong()
    asked = bool(wrong) and asks_float32(submission)
    doubtful = [v for v in wrong if (asked or _may_be_float32(v)) and all(_spoilt(v.target.name, r) for r in first.runs(v.target.name))]
    if not doubtful:
        return
    with session(doubled=True) as double:
        exact = first_look(graph, submission, lambda choice: double.run(draw(choice)))
    for verdict in doubtful:
        second = _as_float32(exact[verdict.target.name], verdict)
        if first.mended(second, double):
            yield verdict.target.name, replace(second, why=second.why | {"float32"})
        elif (second.status == "incorrect" and _is(verdict, torch.float32) and _is(exact[verdict.target.name], torch.float64)) or (
            second.status in ("incorrect", "error") and _mixed(verdict) and not _mixed(second)
        ):
            yield verdict.target.name, second
    numpy = asks_numpy_float32(submission)
    staying = [v for v in doubtful if (second := exact[v.target.name]).status != "correct" and (numpy or _may_be_float32(second))]
    if not staying:
        return
    with session() as single:
        rounded = first_look(graph, submission, lambda choice: single.run(draw(choice, torch.float32)))
    for verdict in staying:
        second = rounded[verdict.target.name]
        if first.mended(second, single):
            yield verdict.target.name, replace(second, why=second.why | {"float32"})


def _may_be_float32(verdict: Verdict) -> bool:
    """Whether the answer is float32, or torch refused to mix it with float64."""
    return any(run.answers[verdict.target.name].dtype == "float32" for run in verdict.runs) or _mixed(verdict)


def _mixed(verdict: Verdict) -> bool:
    """Whether torch refused to mix float32 with float64."""
    answers = [run.answers[verdict.target.name] for run in verdict.runs]
    refused = [a.raised.message for a in answers if a.raised is not None and a.raised.kind == "RuntimeError"]
    return any(_NAMED.search(message) for message in refused)


def _spoilt(name: str, run: Run) -> bool:
    """Whether float32 may have made an answer what it is: it is float32, or raised, or not finite, or wrong by no more than rounding."""
    answer, difference = run.answers[name], compare(run, name)
    if difference.wrong in ("", "raised") or answer.dtype in ("float32", "complex64"):
        return True
    off = difference.max_abs
    return off is not None and (off == math.inf or off <= ROUGHLY * run.trial.scales[name])


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


def _before(name: str, run: Run) -> set[str]:
    """The targets whose gradients were handed out before `name` was answered."""
    return set(run.order[: run.order.index(name)]) if name in run.order else set()


def second_opinions(
    exercise: Exercise,
    submission: Submission,
    first: First,
    session: Callable[..., Session],
    draw: Callable[..., Callable[[], Trial]],
) -> Iterable[tuple[str, Verdict]]:
    """Run again where a wrong target, or a forward name given another value, may have spoilt a right answer below it."""
    wrong = [v for v in first.wrong() if not breaks(v.target, submission)]
    if not wrong:
        return
    earlier = [v.target.name for v in wrong if "aliased" not in v.why and any(early(run, v.target) for run in v.runs)]
    rebound = sorted({name for v in wrong for run in v.runs for name, _ in run.rebound})
    for way, names in (("early", earlier), ("restored", rebound)):
        reading = [v for v in wrong if v.target.name not in earlier and _reads(v.target.name, submission) & {*names}]
        if not reading:
            continue
        with session(**{way: names}) as other:
            runs = tuple(other.run(draw(choice)) for choice in range(len(wrong[0].runs)))
        for verdict in reading:
            second = verdict_of(verdict.target, runs, submission)
            if first.mended(second, other):
                yield verdict.target.name, replace(second, why=frozenset({"rebound"}) if way == "restored" else frozenset())


def _reads(target: str, submission: Submission) -> set[str]:
    """The names that an answer rests on, directly or through other names."""
    writing, found, queue = writers(submission.statements), set[str](), [target]
    while queue:
        fresh = {name for statement in writing.get(queue.pop(), ()) for name in statement.reads} - found
        found |= fresh
        queue += fresh
    return found
