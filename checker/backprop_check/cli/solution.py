"""`solution`: show the solution of an exercise, once it is passed or when asked twice."""

from __future__ import annotations

import argparse

from backprop_check.cli.asked import asked
from backprop_check.cli.screen import write
from backprop_check.files import read_text


def run(args: argparse.Namespace) -> int:
    question = asked(args)
    path = question.course.solution(question.exercise)
    if not question.progress.passed(question.id) and question.progress.ask(question.id) < 2:
        write(f"{question.id} is not passed yet. `{question.command('hint')}` gives a hint, a clearer one each time.\n")
        write(f"To see the solution now, ask once more: `{question.command('solution')}`\n")
        return 0
    write(read_text(path, "solution"))
    return 0
