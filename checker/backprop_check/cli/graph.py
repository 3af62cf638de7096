"""`graph`: draw the forward in the terminal. Needs torch only where the exercise's comments leave a shape out."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.text import Text

from backprop_check.cli.asked import asked
from backprop_check.cli.progress import Progress, digest
from backprop_check.cli.screen import show, width
from backprop_check.exercise.definition import course_exercise
from backprop_check.exercise.shapes import written_shapes
from backprop_check.report.graph import ASCII, graph_lines, state_lines
from backprop_check.report.layout import notice_lines, prose, visible


def run(args: argparse.Namespace) -> int:
    question = asked(args)
    exercise = course_exercise(question.course, question.exercise)
    shapes = written_shapes(exercise)
    if set(shapes) != set(exercise.names):
        from backprop_check.trace.graph import load_graph
        from backprop_check.trace.shapes import named_shapes

        shapes = named_shapes(load_graph(exercise))
    statuses, changed = _outcome(question.progress, question.id, question.exercise)
    sizes = ", ".join(f"{name} = {n}" for name, n in exercise.sizes.items())
    lines = [
        Text.assemble((exercise.id, "bold"), f"  {visible(exercise.title)}"),
        *prose(sizes, width(), indent=0, style="dim"),
        Text(),
        *notice_lines(exercise.notices, width()),
        *graph_lines(exercise, shapes, statuses, width()),
        Text(),
        *state_lines(exercise, statuses, changed, width()),
    ]
    show(lines if _can_draw() else [_in_ascii(line) for line in lines])
    return 0


def _outcome(progress: Progress, exercise: str, path: Path) -> tuple[dict[str, str], bool]:
    """Return the statuses of the last check, and whether the file is another since."""
    stored = progress.of(exercise)
    statuses: dict[str, str] = stored.get("targets", {})
    return statuses, bool(statuses) and stored.get("digest") != digest(path.read_bytes())


def _can_draw() -> bool:
    try:
        "●○├┤┼╭╮╰╯┬┴".encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _in_ascii(line: Text) -> Text:
    drawn = line.copy()
    drawn.plain = line.plain.translate(ASCII)
    return drawn
