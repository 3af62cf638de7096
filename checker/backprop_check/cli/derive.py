"""`derive`: print the whole backward of an exercise with its reasons, once it is passed or when asked twice."""

from __future__ import annotations

import argparse

from backprop_check.cli.asked import asked
from backprop_check.cli.screen import show, width
from backprop_check.exercise.definition import course_exercise


def run(args: argparse.Namespace) -> int:
    """Print what could be derived. Returns 1 when a target uses an operation outside the table."""
    question = asked(args)
    exercise = course_exercise(question.course, question.exercise)
    if not question.asked_twice("derive"):
        return 0
    from backprop_check.derivation.backward import backward
    from backprop_check.report.derivation import derivation_lines
    from backprop_check.report.layout import notice_lines
    from backprop_check.trace.author import silent
    from backprop_check.trace.graph import load_graph

    graph = load_graph(exercise)
    with silent():
        written = list(backward(graph))
    show(notice_lines(exercise.notices, width()))
    show(derivation_lines(graph, written, width()))
    return 1 if any(target.derived is None for target in written) else 0
