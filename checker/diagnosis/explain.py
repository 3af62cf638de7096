"""Explain verdicts: the first proof that stands speaks; where none does, the facts."""

from __future__ import annotations

from collections.abc import Sequence

from checker.records import Diagnosis, Submission, Verdict
from checker.trace.graph import Graph

Explained = tuple[tuple[Diagnosis, ...], tuple[Diagnosis, ...]]


def explain(graph: Graph, submission: Submission, verdicts: Sequence[Verdict]) -> dict[str, Explained]:
    """Return, by target, its diagnoses and its remarks."""
    return {}
