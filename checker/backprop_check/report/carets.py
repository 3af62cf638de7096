"""The places of a cause in the learner's file: where the mistake is, and where else it shows. Values in, lines out; nothing is printed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.text import Text

from backprop_check.records import Diagnosis, Span, Submission
from backprop_check.report.excerpt import Mark, marked

MOST = 2
"""In more places than these carets tell nothing."""


def place_lines(diagnoses: Sequence[Diagnosis], line: int | None, submission: Submission, width: int) -> Iterator[Text]:
    """Yield the lines of each place with its caret and what is said of it, in the file's order; nothing where there is no line to show.

    A diagnosis without a span is about `line`. Each of the first two causes has carets of its own; a further place has none where it
    holds another one.
    """
    found: dict[tuple[int, int], list[Mark]] = {}
    causes = [Mark(d.span, d.error) for d in diagnoses]
    shown = list(dict.fromkeys(d.span for d in diagnoses))[:MOST]
    marks = causes + [Mark(span, text, "cyan") for d in diagnoses for span, text in d.also]
    for mark in marks:
        first, last = (mark.span[0], mark.span[2]) if mark.span else (line, line)
        if first is not None and last is not None:
            holds = mark.span is not None and any(_within(other.span, mark.span) for other in marks)
            bare = mark.span not in shown if mark in causes else holds
            found.setdefault(_whole(first, last, submission), []).append(replace(mark, span=None) if bare else mark)
    # Python's lines, which a form feed does not end; and the learner's own, of which `body` has blanked those that do not parse.
    text = (submission.text or submission.body).split("\n")
    digits = max((len(str(last)) for _, last in found), default=0)
    for (first, last), marks in sorted(found.items()):
        yield from marked(text, first, last, marks, width, digits)


def _within(inner: Span | None, outer: Span) -> bool:
    return inner is not None and inner != outer and outer[:2] <= inner[:2] and inner[2:] <= outer[2:]


def _whole(first: int, last: int, submission: Submission) -> tuple[int, int]:
    """The lines to show of a place: the whole statement when it is short, else its own."""
    for statement in submission.statements:
        if statement.line <= first and last <= statement.end_line < statement.line + 4:
            return statement.line, statement.end_line
    return first, last
