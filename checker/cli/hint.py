"""`hint`: one hint on the first gradient that is not right, a clearer one each time it is asked for."""

from __future__ import annotations

import argparse

from checker.cli.asked import Asked, asked
from checker.cli.check import judged
from checker.cli.main import complain
from checker.diagnosis.pages import Page, page
from checker.errors import BadInput
from checker.exercise.solution import Step, read_solution
from checker.records import Gradient, Report


def run(args: argparse.Namespace) -> int:
    question = asked(args)
    report = judged(question, args)
    if report.message is not None:
        return complain(report.message)
    gradient = _chosen(report, args.target)
    if gradient is None or gradient.verdict.status == "correct":
        print(f"{args.target or 'Every gradient of ' + question.id} is right: there is nothing to hint at.")
        return 0
    from checker.cli.screen import show, width
    from checker.report.hint import STEPS, hint_lines

    name = gradient.verdict.target.name
    number = question.progress.climb(question.id, name, gradient.source or "", STEPS)
    show(hint_lines(report.exercise, gradient, number, _step(question, name), _page(gradient), width()))
    if number < STEPS:
        print("\nAsk again for a clearer one.")
    return 0


def _chosen(report: Report, target: str | None) -> Gradient | None:
    if target is None:
        return next((g for g in report.gradients if g.verdict.status != "correct"), None)
    for gradient in report.gradients:
        if gradient.verdict.target.name == target:
            return gradient
    names = ", ".join(g.verdict.target.name for g in report.gradients)
    raise BadInput(f"{report.exercise.id} asks for no gradient {target!r}: it asks for {names}.")


def _step(question: Asked, name: str) -> Step | None:
    try:
        return read_solution(question.course.solution(question.exercise)).get(name)
    except BadInput:
        return None


def _page(gradient: Gradient) -> Page | None:
    codes = [d.code for d in gradient.diagnoses if d.certainty == "proven"]
    try:
        return page(codes[0]) if codes else None
    except BadInput:
        return None
