"""`hint`: one hint on the first gradient that is not right, a clearer one each time it is asked for."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from rich.text import Text

from backprop_check.cli.asked import Asked, asked
from backprop_check.cli.check import chosen, judged, steps
from backprop_check.cli.main import complain
from backprop_check.records import Gradient, Report, Submission


def run(args: argparse.Namespace) -> int:
    question = asked(args)
    report = judged(question, args)
    if report.message is not None:
        return complain(report.message)
    gradient = chosen(report, args.target)
    if gradient is None or gradient.verdict.status == "correct":
        print(f"{args.target or 'Every gradient of ' + question.id} is right: there is nothing to hint at.")
        return 0
    assert report.submission is not None
    from backprop_check.cli.screen import show, width
    from backprop_check.report.hint.ladder import STEPS
    from backprop_check.report.layout import notice_lines

    answer = answer_of(report.submission, gradient)
    number = args.step or question.progress.climb(question.id, gradient.verdict.target.name, answer, STEPS)
    show(notice_lines(report.notices, width()))
    show(hint_on(question, report, gradient, number, width()))
    print(f"\n{_further(question, args, number) if number < STEPS else 'That is the last hint.'}")
    return 0


def hint_on(question: Asked, report: Report, gradient: Gradient, number: int, width: int) -> Iterator[Text]:
    """Yield hint `number` on a gradient that is not right."""
    from backprop_check.derivation.lesson import lesson
    from backprop_check.report.hint.ladder import hint_lines
    from backprop_check.trace.graph import load_graph

    assert report.submission is not None
    taught = lesson(load_graph(report.exercise), report.submission, gradient.verdict)
    yield from hint_lines(report.exercise, report.submission, gradient, taught, number, steps(question).get(taught.name), width)


def answer_of(submission: Submission, gradient: Gradient) -> str:
    """All that the learner has written for a gradient: when that changes, the hints begin again."""
    statements = [s.source for s in submission.statements if gradient.verdict.target.name in s.writes]
    return "\n".join(statements if gradient.source in statements else [*statements, gradient.source or ""])


def _further(question: Asked, args: argparse.Namespace, number: int) -> str:
    """How to get the next hint: outside a course, where nothing is stored, by its number."""
    if question.progress.path is not None and not args.step:
        return "Ask again for a clearer one."
    target = f" --target {args.target}" if args.target else ""
    return f"A clearer one: `{question.command('hint')}{target} --step {number + 1}`"
