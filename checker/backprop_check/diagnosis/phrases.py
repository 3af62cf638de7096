"""How parts of a case are written in a message."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from backprop_check.derivation.trees import text
from backprop_check.diagnosis.case import Case
from backprop_check.records import Line

SHORT = 40


def lines(found: Iterable[Line]) -> str:
    """Lines of the forward: `y = a * b` and `z = a + c`, each in backticks; an empty string for none."""
    return " and ".join(dict.fromkeys(f"`{line.name} = {line.source}`" for line in found))


def users(case: Case) -> str:
    """The lines that use the case's node; where there are none, the forward."""
    return lines(case.consumers) or "the forward"


def short(node: ast.expr) -> str:
    """An expression, cut where it is too long to stand in a sentence."""
    whole = text(node)
    return whole if len(whole) <= SHORT else whole[: SHORT - 3] + "..."


def shape_of(case: Case, node: ast.expr) -> str | None:
    """The shape of a part with its axes, where it is a float tensor in every run."""
    values = case.evaluate(node) if case.everywhere else None
    if values is None:
        return None
    by_run = {id(run): value for run, value in zip(case.runs, values, strict=True)}
    return case.shape(lambda run: by_run[id(run)])
