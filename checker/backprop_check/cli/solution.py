"""`solution`: show the solution of an exercise, once it is passed or when asked twice."""

from __future__ import annotations

import argparse

from backprop_check.cli.asked import asked
from backprop_check.cli.screen import write
from backprop_check.files import read_text


def run(args: argparse.Namespace) -> int:
    question = asked(args)
    path = question.course.solution(question.exercise)
    if question.asked_twice("solution"):
        write(read_text(path, "solution"))
    return 0
