"""`check --numeric`: one gradient beside finite differences, element by element."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from backprop_check.cli.asked import asked
from backprop_check.cli.check import exit_code, judged
from backprop_check.cli.main import complain
from backprop_check.cli.screen import show, width
from backprop_check.errors import BadInput

if TYPE_CHECKING:
    from backprop_check.records import Gradient, Report


def run(args: argparse.Namespace) -> int:
    """Check the exercise, then measure one of its gradients and show the table. The exit code is the check's."""
    if args.json:
        raise BadInput("--numeric shows a table, --json prints the report: use one of them.")
    question = asked(args)
    report = judged(question, args)
    if report.message is not None:
        return complain(report.message)
    gradient = _chosen(report, args.target)
    from backprop_check.report.layout import notice_lines
    from backprop_check.report.numeric import numeric_lines, worst_first
    from backprop_check.trace.graph import load_graph
    from backprop_check.trace.numeric import central_differences

    name, first = gradient.verdict.target.name, gradient.verdict.runs[0]
    worst = worst_first(first.answers[name], first.trial.gradients[name])
    numeric = central_differences(load_graph(report.exercise), first.trial, gradient.verdict.target.node, worst)
    show(notice_lines(report.notices, width()))
    show(numeric_lines(report.exercise, gradient, numeric, width()))
    return exit_code(report)


def _chosen(report: Report, name: str | None) -> Gradient:
    """Return the gradient asked for: `da`, or `a`; without a name the first that is not right, else the first."""
    if name is None:
        return next((g for g in report.gradients if g.verdict.status != "correct"), report.gradients[0])
    for gradient in report.gradients:
        if name in (gradient.verdict.target.name, gradient.verdict.target.node):
            return gradient
    names = ", ".join(g.verdict.target.name for g in report.gradients)
    raise BadInput(f"{report.exercise.id} has no gradient {name!r} to show; choose one of: {names}.")
