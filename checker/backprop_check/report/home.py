"""The screen of `watch`, in parts: where one is in the course, the graph in small, the next mistake in full. Values in, lines out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from rich.text import Text

from backprop_check.exercise.outline import Chapter
from backprop_check.records import Exercise, Report
from backprop_check.report.layout import cut, notice_lines, visible
from backprop_check.report.text import MARKS, gradient_lines, place, printed_lines, summary

MOST_GRAPH_LINES = 3


def course_line(states: Mapping[str, str], here: str, width: int, chapters: Sequence[Chapter] = ()) -> Text:
    """Return the course as one sign an exercise, `here` by its name, and how many are passed. `states` are by id, in order.

    Of several chapters, the one around `here` is told so, by its title where there is room, and each other one by one sign.
    """
    passed = f"{sum(state == 'correct' for state in states.values())} of {len(states)} passed"
    line = _signs(states, here, chapters)
    if len(line.plain) + 2 + len(passed) > width:
        line = _signs(states, here, [replace(chapter, title="") for chapter in chapters])
    if len(line.plain) + 2 + len(passed) <= width:
        line.append(f"{passed:>{width - len(line.plain)}}", style="dim")
    return line


def _signs(states: Mapping[str, str], here: str, chapters: Sequence[Chapter]) -> Text:
    line = Text()
    for chapter in chapters if len(chapters) > 1 else [Chapter("", exercises=tuple(states))]:
        of = {name: states.get(name, "missing") for name in chapter.exercises}
        if here not in of and len(chapters) > 1:
            line.append(*_whole(of))
            continue
        title = f"{visible(chapter.title)} " if chapter.title else ""
        line.append(f"{' ' if line.plain else ''}{title}")
        for name, state in of.items():
            mark, style = MARKS[state]
            line.append(f" {name} " if name == here else mark, style="reverse" if name == here else style)
        line.append(" " if len(chapters) > 1 else "")
    return line


def _whole(states: Mapping[str, str]) -> tuple[str, str]:
    """The sign of a chapter: passed where all is, wrong where something is."""
    found = set(states.values())
    return MARKS["incorrect" if "incorrect" in found else "missing" if "missing" in found else "correct"]


def nodes_lines(exercise: Exercise, statuses: Mapping[str, str], width: int) -> Iterator[Text]:
    """Yield the nodes in the forward's order, each with the state of its gradient; of a long forward the part around the next one to mend.

    Left out are the values that have no gradient here. `statuses` are by target, in the order in which they are told.
    """
    open_ones = [*(t for t, s in statuses.items() if s in ("incorrect", "error")), *(t for t, s in statuses.items() if s == "missing")]
    lines, at = _laid_out(exercise, statuses, open_ones[:1], width)
    if len(lines) > MOST_GRAPH_LINES:
        lines, at = _laid_out(exercise, statuses, open_ones[:1], width - len("... "))
    start = min(max(0, at - 1), max(0, len(lines) - MOST_GRAPH_LINES))
    shown = lines[start : start + MOST_GRAPH_LINES]
    if start:
        shown[0] = Text.assemble(("... ", "dim"), shown[0])
    if start + MOST_GRAPH_LINES < len(lines):
        shown[-1].append(" ...", style="dim")
    yield from shown


def _laid_out(exercise: Exercise, statuses: Mapping[str, str], sought: Sequence[str], width: int) -> tuple[list[Text], int]:
    """Return the nodes in lines, and the index of the line with the node of the target that is sought, else 0."""
    lines, at = [Text()], 0
    for name in exercise.names:
        if f"d{name}" not in statuses and name != exercise.output:
            continue
        part, between = _node(name, statuses), " " if name in exercise.inputs else " → "
        if lines[-1].plain and len(lines[-1].plain) + len(between) + len(part.plain) > width:
            lines.append(Text())
        lines[-1].append(between if lines[-1].plain else between.lstrip()).append_text(part)
        at = len(lines) - 1 if f"d{name}" in sought else at
    return lines, at


def _node(name: str, statuses: Mapping[str, str]) -> Text:
    if f"d{name}" not in statuses:
        return Text(name, style="dim")
    mark, style = MARKS[statuses[f"d{name}"]]
    return Text.assemble(name, (mark, style))


def mistake_lines(report: Report, width: int) -> Iterator[Text]:
    """Yield the next gradient to mend, or to look at again, in full, each other of these in a line, and what else there is in one."""
    yield from notice_lines(report.notices, width)
    of = {status: [g for g in report.gradients if g.verdict.status == status] for status in MARKS}
    missing, right = of["missing"], [g for g in of["correct"] if not g.remarks]
    told = [*(g for g in report.gradients if g.verdict.status in ("incorrect", "error")), *(g for g in of["correct"] if g.remarks)]
    first = next(iter([*told, *missing]), None)
    if first is not None:
        yield from gradient_lines(first, report, width)
        yield Text()
    others = [g for g in report.gradients if g is not first]
    for gradient in (g for g in told if g is not first):
        mark, style = MARKS[gradient.verdict.status]
        codes = " and ".join(d.code for d in gradient.diagnoses or gradient.remarks)
        line = f"{gradient.verdict.target.name}   {place(gradient, report)}   {visible(codes)}".rstrip()
        yield Text.assemble((mark, style), " ", cut(line, width - 2))
    for status, members in (("missing", [g for g in missing if g is not first]), ("correct", right)):
        if members:
            mark, style = MARKS[status]
            yield Text.assemble((mark, style), " ", (cut(" ".join(g.verdict.target.name for g in members), width - 2), "dim"))
    if others:
        yield Text()
    for gradient in others:
        yield from printed_lines(gradient, width)
    yield from summary(report, width)
