"""`dev check`: hold exercises and their solutions to the contract."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from backprop_check.cli.screen import show, width
from backprop_check.cli.workers import workers
from backprop_check.errors import BadInput
from backprop_check.exercise.course import Course, find_course, locate
from backprop_check.report.layout import prose, visible

if TYPE_CHECKING:
    from backprop_check.authoring.examine import Examined


def run(args: argparse.Namespace) -> int:
    """Examine the exercises named (default: all of the course) and print what to mend. Returns 0 when there is nothing."""
    if args.markdown:
        raise BadInput("--markdown prints the table of --mutants: give both.")
    course, paths = asked(args.exercises)
    with workers(args) as zygote:
        from backprop_check.authoring.examine import examine
        from backprop_check.authoring.text import folder_findings
        from backprop_check.training.examine import checkpoint_findings

        findings = [*map(str, folder_findings(course.exercises, course.solutions)), *course.troubles()] if not args.exercises else []
        findings += checkpoint_findings(course) if not args.exercises else []
        show(line for finding in findings for line in _complaint(finding))
        wrong = len(findings)
        for examined in examine(course, paths, zygote):
            show(_lines(examined))
            wrong += len(examined.findings)
    exercises = f"{len(paths)} exercise{'s' if len(paths) != 1 else ''}"
    show([Text(f"{exercises}: {wrong} to mend" if wrong else f"{exercises}: all is well", style="bold red" if wrong else "bold green")])
    return 1 if wrong else 0


def asked(names: list[str]) -> tuple[Course, list[Path]]:
    """Return the course and the exercise files that `names` mean; all must be of one course, which has the solutions."""
    if not names:
        course = find_course(Path.cwd())
        return course, course.files()
    located = [locate(name, Path.cwd()) for name in names]
    course = located[0][0]
    for other, path in located:
        if other != course or path.parent.resolve() != course.exercises.resolve():
            raise BadInput(f"{path} is not in {course.exercises}: name exercises of one course, where each has its solution.")
    return course, [path for _, path in located]


def _lines(examined: Examined) -> Iterator[Text]:
    mark, style = ("✗", "bold red") if examined.findings else ("✓", "green")
    yield Text.assemble((mark, style), " ", (visible(examined.id), "bold"))
    for finding in examined.findings:
        yield from _complaint(str(finding))
    for note in examined.notes:
        yield from prose(note, width(), style="dim")


def _complaint(text: str) -> Iterator[Text]:
    yield from prose(text.replace(f"{Path.cwd()}/", ""), width(), style="red")
