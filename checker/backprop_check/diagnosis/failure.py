"""Find the smallest part of a line that raised."""

from __future__ import annotations

import ast

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.evaluate import Evaluator, Failed, Refused


def failing_part(case: Case) -> ast.expr | None:
    """Return the part of the raising statement that raises while its operands can be evaluated; None when that cannot be found.

    It must fail in the first trial as it did in the worker, at the forward's own values and the oracle's gradients.
    """
    raised = case.verdict.runs[0].answers[case.name].raised
    if raised is None or raised.statement >= len(case.nodes):
        return None
    value = getattr(case.nodes[raised.statement], "value", None)
    if not isinstance(value, ast.expr):
        return None
    run = case.verdict.runs[0]
    names = {**case.names(run), **run.trial.gradients}
    try:
        Evaluator(names)(value)
    except Failed as failed:
        return failed.node
    except (Refused, RecursionError):
        return None
    return None
