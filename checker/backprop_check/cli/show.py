"""`show`: a value of the forward, or its gradient, in numbers; nothing of the learner's runs."""

from __future__ import annotations

import argparse

from backprop_check.cli.asked import asked
from backprop_check.cli.screen import show, width
from backprop_check.errors import BadInput, meant, near
from backprop_check.exercise.definition import course_exercise


def run(args: argparse.Namespace) -> int:
    question = asked(args)
    exercise = course_exercise(question.course, question.exercise)
    from backprop_check.report.shown import all_lines, shown_lines
    from backprop_check.trace.author import silent
    from backprop_check.trace.by_hand import by_hand
    from backprop_check.trace.graph import load_graph
    from backprop_check.trace.shapes import named_shapes

    with silent():
        graph = load_graph(exercise)
        trial, shapes = by_hand(graph), named_shapes(graph)
    if args.name is None:
        show(all_lines(exercise, trial, shapes, question.command("show"), width()))
        return 0
    if args.name not in trial.values and args.name not in trial.gradients:
        names = [*exercise.names, *trial.gradients]
        instead = meant(near(args.name, names), f"it has {', '.join(exercise.names)} and their gradients.")
        raise BadInput(f"{exercise.id} has no value {args.name!r}: {instead}")
    show(shown_lines(exercise, trial, shapes, args.name, width()))
    return 0
