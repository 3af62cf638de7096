"""`demo`: check a wrong answer, show why it is wrong, mend the line as the report says, and check again."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from backprop_check.cli.screen import show, width
from backprop_check.cli.workers import workers
from backprop_check.exercise.course import packaged_course

if TYPE_CHECKING:
    from backprop_check.records import Report

EXERCISE = "ex05"
WRONG = """\
import torch


def backward(counts, counts_sum_inv, probs, act, s):
    dact = torch.ones_like(act)
    dprobs = (1 - act**2) * dact
    dcounts = counts_sum_inv * dprobs
    dcounts_sum_inv = (counts * dprobs).sum(1)
"""
"""A learner's file: all is right but the last line, which loses an axis."""


def run(args: argparse.Namespace) -> int:
    course = packaged_course()
    with workers(args) as zygote, tempfile.TemporaryDirectory() as folder:
        from backprop_check.flow import check
        from backprop_check.report.layout import prose
        from backprop_check.report.text import report_lines

        file = Path(folder) / "demo.py"

        def checked(text: str) -> Report:
            file.write_text(text, encoding="utf-8")
            report = check(course.solution(course.find(EXERCISE)), file, zygote, args.time_limit)
            show(report_lines(report, width()))
            return report

        show([*prose("Somebody wrote four gradients by hand; the last one is wrong. The check says:", width(), indent=0), Text()])
        report = checked(WRONG)
        for wrong in (g for g in report.gradients if g.diagnoses):
            mended = f"{wrong.verdict.target.name} = {wrong.diagnoses[0].fix}"
            show([Text(), *prose(f"The fourth hint would show line {wrong.line} mended:", width(), indent=0), Text(f"   {mended}"), Text()])
            report = checked(WRONG.replace(wrong.source or "", mended))
    show([Text(), *prose("Now yours: `backprop-check init my-course` makes a folder of exercises.", width(), indent=0)])
    return 0 if report.status == "passed" else 1
