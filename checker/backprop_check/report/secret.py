"""What may be said of answers judged by trials drawn in secret: words and figures are of trials that are the same for everybody."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from backprop_check.records import Diagnosis, Report, Verdict
from backprop_check.report.build import Explained

ELSEWHERE = Diagnosis(
    "unrecognised",
    "located",
    error="this is right on some numbers, and wrong on others",
    note="What is graded is tried on numbers that are drawn in secret, so none of them is shown.",
    help="Does the line hold for any values and any sizes?",
    evidence="Compared with autograd's gradient on trials that are kept secret.",
)


def as_shown(judged: Verdict, shown: Verdict) -> Verdict:
    """The verdict with what may be shown of it: the runs are those of the trials that are no secret."""
    if "not-deterministic" in judged.why or _right(judged) != _right(shown):
        return replace(shown, status=judged.status, why=judged.why)
    return shown


def right_elsewhere(judged: Sequence[Verdict], shown: Sequence[Verdict]) -> dict[str, Explained]:
    """What is said of answers that are wrong on secret trials, where nothing else shows it."""
    lost = [j for j, s in zip(judged, shown, strict=True) if not _right(j) and (j is s or _right(s)) and not j.why & {"not-deterministic"}]
    return {v.target.name: ((ELSEWHERE,), ()) for v in lost if v.status != "missing"}


def without_figures(report: Report, names: Collection[str] | None = None) -> Report:
    """Take the figures of `names`, or of all gradients, out of a report: they are of trials that are secret, or of others than decided."""
    kept = tuple(replace(g, figures=g.figures and names is not None and g.verdict.target.name not in names) for g in report.gradients)
    return replace(report, gradients=kept)


def _right(verdict: Verdict) -> bool:
    return verdict.status == "correct"
