"""`graph`: draw the forward in the terminal, or as a page for a browser.

In the terminal it needs torch only where the exercise's comments leave a shape out.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from backprop_check.cli.asked import Asked, asked
from backprop_check.cli.check import steps
from backprop_check.cli.progress import digest, write_atomically
from backprop_check.cli.screen import show, width, write, write_utf8
from backprop_check.errors import BadInput
from backprop_check.exercise.course import names_exercise
from backprop_check.exercise.definition import course_exercise
from backprop_check.exercise.shapes import written_shapes
from backprop_check.report.graph import ASCII, graph_lines, state_lines
from backprop_check.report.layout import notice_lines, prose, visible

if TYPE_CHECKING:
    from backprop_check.picture.picture import Picture


def run(args: argparse.Namespace) -> int:
    if args.html and not args.exercise and names_exercise(Path(args.html).name):
        args.exercise, args.html = args.html, ""  # `graph --html ex05`
    question = asked(args)
    if args.html is not None:
        _write_page(question, args.html)
    else:
        lines = drawn(question, width())
        show(lines if _can_draw() else [_in_ascii(line) for line in lines])
    return 0


def drawn(question: Asked, columns: int) -> list[Text]:
    """Return the picture as text of so many columns."""
    exercise = course_exercise(question.course, question.exercise)
    shapes = written_shapes(exercise)
    if set(shapes) != set(exercise.names):
        from backprop_check.trace.graph import load_graph
        from backprop_check.trace.shapes import named_shapes

        shapes = named_shapes(load_graph(exercise))
    statuses, changed = _outcome(question)
    sizes = ", ".join(f"{name} = {n}" for name, n in exercise.sizes.items())
    return [
        Text.assemble((exercise.id, "bold"), f"  {visible(exercise.title)}"),
        *prose(sizes, columns, indent=0, style="dim"),
        Text(),
        *notice_lines(exercise.notices, columns),
        *graph_lines(exercise, shapes, statuses, columns),
        Text(),
        *state_lines(exercise, statuses, changed, columns),
    ]


def pictured(question: Asked) -> Picture:
    """Return the picture as a page has it. Raises `BadInput`."""
    from backprop_check.picture.picture import picture
    from backprop_check.trace.graph import load_graph
    from backprop_check.trace.oracle import trace
    from backprop_check.trace.shapes import named_shapes

    exercise = course_exercise(question.course, question.exercise)
    graph = load_graph(exercise)
    trials = [trace(graph, seed, sizes) for seed, sizes in enumerate(graph.sizes)]
    solved = steps(question)
    answers = [solved[target.name].source for target in exercise.targets if target.name in solved]
    return picture(graph, trials, named_shapes(graph), *_outcome(question), answers)


def _write_page(question: Asked, name: str) -> None:
    from backprop_check.picture.page import OURS, page

    if name == "-":
        write_utf8(page(pictured(question)))
        return
    path = Path(name or f"{question.id}-graph.html")
    again = path.exists()
    if path.is_dir() or not path.parent.is_dir():
        what = "is a folder" if path.is_dir() else f"cannot be written (there is no folder {path.parent})"
        raise BadInput(f"{path} {what}: name a file, as `--html {question.id}-graph.html`.")
    try:
        if again and OURS.encode() not in path.read_bytes()[:4000]:
            raise BadInput(f"{path} is there already and is no page of `graph`, so it stays: name another file with --html.")
        write_atomically(path.resolve(), page(pictured(question)))
    except OSError as error:
        raise BadInput(f"{path} cannot be written ({error.strerror}): name another file with --html.") from None
    written = "is written again" if again else "is written"
    write(f"{shlex.quote(str(path))} {written}: open it in a browser, and press → to let the gradient flow back.\n")


def _outcome(question: Asked) -> tuple[dict[str, str], bool]:
    """Return the statuses of the last check, and whether the file is another since."""
    stored = question.progress.of(question.id)
    statuses: dict[str, str] = stored.get("targets", {})
    return statuses, bool(statuses) and stored.get("digest") != digest(question.exercise.read_bytes())


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
