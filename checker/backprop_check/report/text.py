"""The report as text for a terminal. Values in, lines out; nothing is printed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text

from backprop_check.exercise.sizes import written
from backprop_check.records import Diagnosis, Gradient, Report, Submission
from backprop_check.report.carets import place_lines
from backprop_check.report.layout import INDENT, cut, notice_lines, prose, sentence, visible, wrap

MARKS = {"correct": ("✓", "green"), "incorrect": ("✗", "bold red"), "error": ("!", "bold red"), "missing": ("·", "dim")}


def report_lines(report: Report, width: int) -> Iterator[Text]:
    """Yield the report: a title, each target with what is wrong with it, and how many are right."""
    for i, line in enumerate(wrap(f"{report.exercise.id}: {report.exercise.title}", width)):
        yield Text(line, style="bold" if i == 0 else "")
    yield Text()
    yield from notice_lines(report.notices, width)
    names = max((cell_len(g.verdict.target.name) for g in report.gradients), default=0)
    for gradient in report.gradients:
        lines = list(gradient_lines(gradient, report, width, names if width >= 60 else 0))
        yield from lines
        if len(lines) > 2 and gradient is not report.gradients[-1]:
            yield Text()
    yield Text()
    yield from summary(report, width)


def gradient_lines(gradient: Gradient, report: Report, width: int, pad: int = 0) -> Iterator[Text]:
    """Yield one target: its mark, name and place, and below them what is wrong or worth a remark."""
    told = gradient.diagnoses or gradient.remarks
    status = gradient.verdict.status
    what = "not written yet" if status == "missing" and not told else _codes(told)
    yield from _heading(status, gradient.verdict.target.name, place(gradient, report), what, width, pad)
    if status in ("incorrect", "error") or gradient.diagnoses:
        one_of = len(gradient.diagnoses) > 1 and gradient.diagnoses[0].certainty == "one-of"
        if one_of:
            yield from prose("one of:", width)
        for diagnosis in gradient.diagnoses or (facts(gradient),):
            yield from diagnosis_lines(diagnosis, gradient, report.submission, width)
    else:
        for remark in gradient.remarks:
            yield from prose(f"{sentence(remark.error)} {remark.note}".strip(), width)
            yield from _help(remark, width)
    yield from printed_lines(gradient, width)


def printed_lines(gradient: Gradient, width: int) -> Iterator[Text]:
    """Yield what code near this gradient printed, each line cut where it is too wide."""
    for number, lines in gradient.printed:
        yield Text(f"{'':{INDENT}}line {number} printed:", style="dim")
        for line in map(visible, lines):
            yield Text(f"{'':{INDENT + 2}}{cut(line, width - INDENT - 2)}")


def diagnosis_lines(diagnosis: Diagnosis, gradient: Gradient, submission: Submission | None, width: int) -> Iterator[Text]:
    """Yield one cause: the line with its caret, why, and the move. The fix is not shown here."""
    shown = list(place_lines([diagnosis], gradient.line, submission, width)) if submission is not None else []
    yield from shown or prose(sentence(diagnosis.error), width, style="red")
    if diagnosis.note:
        yield from prose(diagnosis.note, width)
    yield from _help(diagnosis, width)


def facts(gradient: Gradient) -> Diagnosis:
    """Return what the verdict alone says of a wrong answer, for the case that nothing explained it."""
    answer, difference = gradient.verdict.answer, gradient.verdict.difference
    shape = written(tuple(gradient.verdict.run.trial.gradients[gradient.verdict.target.name].shape))
    due = f"{gradient.axes} = {shape}" if gradient.axes else shape
    note = ""
    if answer.raised is not None:
        error = f"{answer.raised.kind}: {answer.raised.message}"
    elif difference.wrong == "shape" and answer.shape is not None:
        error = f"{written(answer.shape)}, but {gradient.verdict.target.node} is {due}"
    elif difference.wrong == "kind":
        error = f"this is a {answer.kind}, not a tensor {due}"
    else:
        error = "the shape is right, the numbers are not"
        if difference.worst and difference.max_abs is not None:
            note = f"The largest difference: {difference.max_abs:.3g} at [{', '.join(map(str, difference.worst))}]."
    return Diagnosis("", "located", error, note, span=answer.raised.span if answer.raised else None)


def summary(report: Report, width: int) -> Iterator[Text]:
    """Yield how many gradients are right and which comes next."""
    right = sum(g.verdict.status == "correct" for g in report.gradients)
    total = len(report.gradients)
    left = [g.verdict.target.name for g in report.gradients if g.verdict.status != "correct"]
    text = f"{right} of {total} gradient{'s' if total != 1 else ''} right"
    yield from prose(f"{text} · next: {left[0]}" if left else text, width, indent=0, style="bold" if left else "bold green")


def place(gradient: Gradient, report: Report) -> str:
    """Return where a gradient stands: `ex05:27` in the exercise's own file, else the file's name (and cell) and the line."""
    submission = report.submission
    if submission is None or gradient.line is None:
        return ""
    own = submission.path.name == report.exercise.path.name  # the exercise is defined by its solution, a file of the same name
    return f"{report.exercise.id if own else visible(submission.place)}:{gradient.line}"


def _heading(status: str, name: str, where: str, what: str, width: int, pad: int) -> Iterator[Text]:
    mark, style = MARKS[status]
    line = Text.assemble((mark, style), " ", (name.ljust(pad), "" if status == "missing" else "bold"))
    for part, look in ((where, "dim"), (what, style if status != "correct" else "yellow")):
        if part and cell_len(line.plain) + 3 + cell_len(part) > width:
            yield line
            line = Text(" " * INDENT).append(part, style=look)
        elif part:
            line.append("   ").append(part, style=look)
    line.rstrip()
    yield line


def _help(diagnosis: Diagnosis, width: int) -> Iterator[Text]:
    if diagnosis.help:
        for i, line in enumerate(prose(f"help: {diagnosis.help}", width)):
            if i == 0:
                line.stylize("bold cyan", INDENT, INDENT + 5)
            yield line


def _codes(told: Sequence[Diagnosis]) -> str:
    """Several mistakes are there together; of those offered as `one-of`, one is."""
    return (" or " if any(d.certainty == "one-of" for d in told) else " and ").join(d.code for d in told)
