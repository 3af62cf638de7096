"""What does not stand: an answer that another run of the same code contradicts."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import torch

from backprop_check.comparison.compare import close, compare
from backprop_check.records import Answer, Run, Submission, Verdict
from backprop_check.submission.digest import without_strings
from backprop_check.submission.run import Session
from backprop_check.trace.scale import EXACT

_VARYING = re.compile(
    r"\b(?:id|hash|repr|object|set|frozenset|globals|locals|vars|getattr|eval|exec|sys|os|gc|ctypes|time|datetime|urandom|uuid\d?|secrets"
    r"|data_ptr|(?:new_)?empty\w*|resize_\w*|Generator|seed|\w*rand\w*|__\w+)\b"
)
"""What a run may differ by: clocks, entropy, addresses, memory that nothing was written to; and what leads to them by other names."""


def may_vary(submission: Submission) -> bool:
    """Whether what runs of a submission names anything that may differ from run to run."""
    if submission.unknown or any(_VARYING.search(without_strings(s.source)) for s in submission.statements):
        return True
    if any(_VARYING.search(without_strings(module.text)) for module in submission.modules.values()):
        return True
    lines = submission.prelude.split("\n")
    return any(_VARYING.search(without_strings(_whole(lines, outer.line))) for outer in submission.above)


def _whole(lines: Sequence[str], first: int) -> str:
    """The statement that begins at a line: with those below it that are set in, or close a bracket."""
    below = itertools.takewhile(lambda line: line[:1] in ("", " ", "\t", ")", "]", "}", "#"), lines[first:])
    return "\n".join((lines[first - 1], *below))


def standing(verdicts: Mapping[str, Verdict], broken_off: Sequence[Run]) -> dict[str, Verdict]:
    """Return the right answers that were wrong in a run that broke off: what was answered there stands, so these earn nothing."""
    return {name: _varies(v) for name, v in verdicts.items() if v.status == "correct" and contradicted(name, broken_off)}


def contradicted(name: str, runs: Sequence[Run]) -> bool:
    """Whether `name` was answered in one of `runs`, and not right."""
    return any(name in run.order and compare(run, name).wrong != "" for run in runs)


def differing(verdicts: Mapping[str, Verdict], session: Callable[..., Session]) -> dict[str, Verdict]:
    """Return the answers that are others when another worker, which has seen no gradient, is given the first trial again."""
    first = {name: v.runs[0] for name, v in verdicts.items() if v.status in ("correct", "incorrect") and not v.why & {"autograd-used"}}
    if not first:
        return {}
    with session() as other:
        again = other.run(lambda: next(iter(first.values())).trial)
    return {name: _varies(verdicts[name]) for name, run in first.items() if not _same(name, run, again)}


def _same(name: str, first: Run, again: Run) -> bool:
    one, other = first.answers[name], again.answers[name]
    if other.raised is not None and other.raised.span is None:
        return True  # it was stopped from outside this time: a clock says nothing of the answer
    if (one.state, one.shape, one.dtype) != (other.state, other.shape, other.dtype):
        return False
    a, b = _plain(one), _plain(other)
    if a is None or b is None or not a.numel():
        return True
    return close(b, a, max(first.trial.scales[name], float(a.abs().nan_to_num(0, 0, 0).max())), EXACT)


def _plain(answer: Answer) -> torch.Tensor | None:
    value = answer.value
    return None if value is None else torch.view_as_real(value).double() if value.is_complex() else value.double()


def _varies(verdict: Verdict) -> Verdict:
    return replace(verdict, status="incorrect", why=frozenset({"not-deterministic"}))
