"""What is said on the screen when a class has been graded. Values in, lines and tables out; nothing is printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from backprop_check.classroom.results import OUTCOMES, Result
from backprop_check.classroom.roll import Roll, counted, notes
from backprop_check.report.ended import ENDED
from backprop_check.report.layout import prose, visible

MOST = 10


def summary(results: Sequence[Result], roll: Roll, written: Sequence[str], width: int) -> Iterator[RenderableType]:
    """Yield a table of the marks by exercise, what happened to submissions not simply judged, what has no mark, and where everything is."""
    yield _table(results)
    odd = [result for result in results if result.outcome != "judged"]
    for result in odd[:MOST]:
        why = f": {result.report['message']}" if result.report["message"] else ""
        yield from prose(visible(f"{result.submission} {ENDED[result.outcome].what}{why}"), width, indent=0, style="yellow")
    if len(odd) > MOST:
        yield from prose(f"... and {len(odd) - MOST} more; class.html lists them.", width, indent=0, style="yellow")
    for note in notes(roll, "class.html lists them"):
        yield from prose(note, width, indent=0)
    yield from prose(f"Written: {', '.join(visible(name) for name in written)}", width, indent=0)


def _table(results: Sequence[Result]) -> Table:
    shown = [outcome for outcome in OUTCOMES if any(result.outcome == outcome for result in results)]
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("exercise")
    for column in ("submissions", *shown, "all right", "mean mark"):
        table.add_column(column, justify="right")
    for exercise in sorted({result.exercise for result in results}):
        rows = [result for result in results if result.exercise == exercise]
        counts = Counter(result.outcome for result in rows)
        whole = sum(result.score == result.max_score > 0 for result in rows)
        mean, full = sum(result.score for result in rows) / len(rows), max(result.max_score for result in rows)
        table.add_row(
            Text(visible(exercise) or "?"),
            str(len(rows)),
            *(str(counts[outcome]) for outcome in shown),
            str(whole),
            f"{mean:.2f} of {full:g}",
        )
    return table


def plan(rows: Sequence[tuple[str, str, str]], roll: Roll, asked: str, width: int) -> Iterator[RenderableType]:
    """Yield what would be graded, a table of (student, file, exercise or what is wrong with it), and what would not be, with why."""
    shown = [("student", "file", "exercise"), *(tuple(map(visible, row)) for row in rows)]
    widths = [max(cell_len(row[n]) for row in shown) for n in (0, 1)]
    last = ""
    for number, (student, path, told) in enumerate(shown):  # a path is never broken: whoever reads it may want to open it
        cells = ("" if student == last else student, path)
        padded = "".join(cell + " " * (width + 2 - cell_len(cell)) for cell, width in zip(cells, widths, strict=True))
        yield Text(f"{padded}{told}", style="bold" if number == 0 else "")
        last = student
    yield from prose(f"{counted(len({row[0] for row in rows}), 'student')}, {counted(len(rows), 'submission')}.", width, indent=0)
    for note in (*notes(replace(roll, aside=()), "grades.csv will list them"), *([asked] if asked else [])):
        yield from prose(note, width, indent=0)
    if roll.aside:
        yield Text("Not taken for submissions:")
    for path, why in roll.aside:
        yield from prose(visible(f"{path} {why}"), width, indent=2)
