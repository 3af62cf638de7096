"""A report as records of the Language Server Protocol. Values in, records out; all was judged before."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lsprotocol import types
from pygls.workspace import PositionCodec

from backprop_check.records import Diagnosis, Gradient, Report, Span
from backprop_check.report.layout import visible
from backprop_check.report.text import facts

SOURCE = "backprop-check"
QUIET = {"float32", "not-judged"}
"""Remarks on answers that need no other line."""

_CODE = re.compile(r"(`[^`\n]+`)")
_MARKUP = re.compile(r"[\\`*\[\]<>&#~|]|(?<!\w)_|_(?!\w)")
_PLACE = re.compile(r"(?:\.py:|\bline )(\d+)")


@dataclass(frozen=True)
class Page:
    """A file as an editor has it: where it is, its lines, and the units that the editor counts columns in."""

    uri: str
    lines: Sequence[str]
    codec: PositionCodec

    def position(self, line: int, column: int) -> types.Position:
        """Return the place of a line from 1 and a column in characters; what lies beyond the text is its end."""
        if line > len(self.lines):
            line, column = len(self.lines), len(self.lines[-1])
        return types.Position(line - 1, self.codec.client_num_units(self.lines[line - 1][:column]))

    def range(self, span: Span) -> types.Range:
        return types.Range(self.position(span[0], span[1]), self.position(span[2], span[3]))

    def line(self, number: int) -> types.Range:
        """Return a line (from 1), without what it is indented by."""
        text = self.lines[number - 1] if number <= len(self.lines) else ""
        return self.range((number, len(text) - len(text.lstrip()), number, len(text.rstrip())))


def diagnostics(report: Report, page: Page) -> list[types.Diagnostic]:
    """Return what is said of every gradient, and of the file as a whole."""
    notices = [(notice, types.DiagnosticSeverity.Warning) for notice in report.notices]
    if report.message is not None:
        notices.append((report.message, types.DiagnosticSeverity.Error))
    found = [of_the_file(text, page, severity) for text, severity in notices]
    return found + [diagnostic for gradient in report.gradients for diagnostic in _of_gradient(gradient, page)]


def of_the_file(text: str, page: Page, severity: types.DiagnosticSeverity = types.DiagnosticSeverity.Error) -> types.Diagnostic:
    """Return what is said of no gradient, at the line that it names, else at the first."""
    named = _PLACE.search(text)
    return types.Diagnostic(page.line(int(named[1]) if named else 1), visible(text), severity, source=SOURCE)


def _of_gradient(gradient: Gradient, page: Page) -> Iterator[types.Diagnostic]:
    status, name = gradient.verdict.status, gradient.verdict.target.name
    line = gradient.line or next((n for n, text in enumerate(page.lines, 1) if text.startswith("def backward")), 1)
    severity = types.DiagnosticSeverity
    if status == "missing" and not gradient.diagnoses:
        text = f"{name} {gradient.axes} is not written yet"
        yield types.Diagnostic(page.line(line), text, severity.Hint, code="missing", source=SOURCE, data=name)
    for diagnosis in told(gradient):
        level = severity.Information if status == "missing" or diagnosis.code in QUIET else severity.Error
        yield types.Diagnostic(
            page.range(diagnosis.span) if diagnosis.span else page.line(line),
            "\n".join(sentences(diagnosis, gradient)),
            severity.Warning if status == "correct" and level is severity.Error else level,
            code=diagnosis.code or None,
            source=SOURCE,
            related_information=[
                types.DiagnosticRelatedInformation(types.Location(page.uri, page.range(span)), visible(text))
                for span, text in diagnosis.also
            ]
            or None,
            data=name,
        )


def told(gradient: Gradient) -> tuple[Diagnosis, ...]:
    """Return what is said of a gradient, as every report says it."""
    if gradient.verdict.status in ("incorrect", "error"):
        return gradient.diagnoses or (facts(gradient),)
    return gradient.diagnoses or gradient.remarks


def sentences(diagnosis: Diagnosis, gradient: Gradient) -> Iterator[str]:
    """Yield what is wrong, why, and the move."""
    several = len(gradient.diagnoses) if diagnosis.certainty == "one-of" else 1
    yield (f"one of {several}: " if several > 1 else "") + visible(diagnosis.error)
    if diagnosis.note:
        yield visible(diagnosis.note)
    if diagnosis.help:
        yield f"help: {visible(diagnosis.help)}"


def touching(report: Report, first: int, last: int) -> list[Gradient]:
    """Return the gradients that lines (from 1) are about: those written there, and those of which something is said there."""
    statements = report.submission.statements if report.submission is not None else ()
    here = [s for s in statements if s.line <= last and first <= s.end_line]

    def about(gradient: Gradient) -> bool:
        spans = [d.span for d in told(gradient) if d.span is not None]
        at = [(gradient.line, gradient.line)] if gradient.line is not None else []
        written = any(gradient.verdict.target.name in s.writes for s in here)
        return written or any(start <= last and first <= end for start, end in [*at, *((s[0], s[2]) for s in spans)])

    return [gradient for gradient in report.gradients if about(gradient)]


def hover(report: Report, line: int, hints: dict[str, dict[int, str]], markdown: bool) -> str:
    """Return all that is known at a line (from 1): what is wrong, what was printed, the hints given so far. Empty where that is nothing."""
    prose, block = (_prose, _block) if markdown else (str, str)
    parts: list[str] = []
    for gradient in touching(report, line, line):
        name = gradient.verdict.target.name
        for diagnosis in told(gradient):
            error, *others = sentences(diagnosis, gradient)
            parts += [prose(f"`{name}`: {error}"), *map(prose, others)]
        if gradient.verdict.status == "missing" and not gradient.diagnoses:
            parts.append(prose(f"`{name}` {gradient.axes} is not written yet."))
        parts += [block(hints[name][number]) for number in sorted(hints.get(name, {}))]
    statements = report.submission.statements if report.submission is not None else ()
    for number, lines in (printed for gradient in report.gradients for printed in gradient.printed):
        if any(s.line == number and number <= line <= s.end_line for s in statements):
            parts += [prose(f"line {number} printed:"), block("\n".join(map(visible, lines)))]
    return "\n\n".join(parts)


def _prose(text: str) -> str:
    """Text as Markdown that shows it: code stays code, and nothing else is markup."""
    return "".join(part if i % 2 else _MARKUP.sub(r"\\\g<0>", part) for i, part in enumerate(_CODE.split(text)))


def _block(text: str) -> str:
    """Lines as a block of Markdown that keeps their columns, fenced by more backticks than they hold."""
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", text)), 0)
    return f"{fence}text\n{text}\n{fence}"
