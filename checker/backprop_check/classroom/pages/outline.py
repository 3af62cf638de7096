"""Two shapes drawn side by side: squares for the numbers, with the names of the axes. Values in, squares out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backprop_check.classroom.pages.prose import shape
from backprop_check.exercise.sizes import axes, written
from backprop_check.records import Gradient

MOST = 8
"""Squares of an axis that are drawn; of a longer one the first few and a mark that says so."""


@dataclass(frozen=True)
class Outline:
    """A shape as `rows` by `columns` squares. `whose` says whose it is, `said` names it, `layers` how many of them there are."""

    whose: str
    said: str
    rows: int
    columns: int
    more_down: bool
    more_across: bool
    layers: str


def outlines(gradient: Gradient) -> tuple[Outline, ...]:
    """Return the shape of a wrong answer and the one that is due; nothing where the shape is not what is wrong."""
    verdict = gradient.verdict
    got = verdict.answer.shape
    due = tuple(verdict.run.trial.gradients[verdict.target.name].shape)
    if verdict.status != "incorrect" or got is None or got == due:
        return ()
    shapes = [run.answers[verdict.target.name].shape or () for run in verdict.runs]
    named = axes(shapes, [run.trial.sizes for run in verdict.runs]) if len({len(s) for s in shapes}) == 1 else written(got)
    return _outline("yours", named, got), _outline(f"what {verdict.target.node} has", gradient.axes, due)


def _outline(whose: str, named: str, sizes: Sequence[int]) -> Outline:
    rows, columns = (1, 1) if not sizes else (1, sizes[0]) if len(sizes) == 1 else (sizes[-2], sizes[-1])
    layers = "×".join(map(str, sizes[:-2]))
    said = shape(named, sizes)
    return Outline(whose, said, min(rows, MOST), min(columns, MOST), rows > MOST, columns > MOST, layers)
