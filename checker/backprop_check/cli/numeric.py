"""`check --numeric`: one gradient beside finite differences, element by element, on numbers that can be worked by hand."""

from __future__ import annotations

import argparse

from backprop_check.cli.asked import asked
from backprop_check.cli.check import chosen, exit_code, judged
from backprop_check.cli.main import complain
from backprop_check.cli.screen import show, width
from backprop_check.cli.workers import workers
from backprop_check.errors import BadInput


def run(args: argparse.Namespace) -> int:
    """Check the exercise, then measure one of its gradients and show the table. The exit code is the check's."""
    if args.json:
        raise BadInput("--numeric shows a table, --json prints the report: use one of them.")
    question = asked(args)
    with workers(args) as args.zygote:
        report = judged(question, args)
        if report.message is not None:
            return complain(report.message)
        assert report.submission is not None
        gradient = chosen(report, args.target) or report.gradients[0]
        from backprop_check.flow import answers_on
        from backprop_check.report.layout import notice_lines
        from backprop_check.report.numeric import numeric_lines, worst_first
        from backprop_check.trace.author import silent
        from backprop_check.trace.by_hand import by_hand
        from backprop_check.trace.graph import load_graph
        from backprop_check.trace.numeric import central_differences

        with silent():
            graph, name = load_graph(report.exercise), gradient.verdict.target.name
            answers = answers_on(by_hand(graph), graph, report.submission, args.zygote, args.time_limit)
            worst = worst_first(answers.answers[name], answers.trial.gradients[name])
            numeric = central_differences(graph, answers.trial, gradient.verdict.target.node, worst)
    show(notice_lines(report.notices, width()))
    show(numeric_lines(report.exercise, gradient, answers, numeric, f"backprop-check show {question.named}", width()))
    return exit_code(report)
