"""Let a learner's own names for gradients (`a_grad`) stand for the engine's (`da`), and put them back into what it says."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass, replace

from backprop_check.records import Diagnosis, Span


@dataclass(frozen=True)
class Renaming:
    """`names` maps the learner's names to the engine's.

    `text` is the source with those; `moved` tells where: (line, start, by how much longer).
    """

    text: str
    names: Mapping[str, str]
    moved: tuple[tuple[int, int, int], ...]

    def back(self, diagnosis: Diagnosis) -> Diagnosis:
        """Return the diagnosis with the learner's names, and its places in the learner's text."""
        return replace(
            diagnosis,
            error=self.words(diagnosis.error),
            note=self.words(diagnosis.note),
            help=self.words(diagnosis.help),
            evidence=self.words(diagnosis.evidence),
            fix=self.words(diagnosis.fix) if diagnosis.fix is not None else None,
            span=self._span(diagnosis.span) if diagnosis.span is not None else None,
            also=tuple((self._span(span), self.words(text)) for span, text in diagnosis.also),
        )

    def words(self, text: str) -> str:
        own = {engine: learner for learner, engine in self.names.items()}
        return re.sub(r"\b\w+\b", lambda found: own.get(found[0], found[0]), text)

    def _span(self, span: Span) -> Span:
        line, column, end_line, end_column = span
        return line, self._column(line, column), end_line, self._column(end_line, end_column)

    def _column(self, line: int, column: int) -> int:
        return column - sum(longer for where, start, longer in self.moved if where == line and start < column)


def renamed(text: str, names: Mapping[str, str]) -> Renaming | None:
    """Return `text` with the names exchanged; None where that would make one name of two."""
    names = {learner: engine for learner, engine in names.items() if learner != engine}
    tokens = [t for t in tokenize.generate_tokens(io.StringIO(text).readline) if t.type == tokenize.NAME]
    if set(names.values()) & {t.string for t in tokens}:
        return None
    lines = text.split("\n")
    moved: list[tuple[int, int, int]] = []
    before: dict[int, int] = {}
    for token in tokens:
        if token.string in names:
            (row, start), new = token.start, names[token.string]
            shift = before.get(row, 0)
            line = lines[row - 1]
            lines[row - 1] = line[: start + shift] + new + line[start + shift + len(token.string) :]
            longer = len(new) - len(token.string)
            moved.append((row, start + shift, longer))
            before[row] = shift + longer
    return Renaming("\n".join(lines), names, tuple(moved))
