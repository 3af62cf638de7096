"""Find what git leaves in a file when two versions of it disagree."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from backprop_check.exercise.logical import margin_of

MARK = re.compile(r"\s*(<{7}|\|{7}|={7}|>{7})(?:\s|$)")


@dataclass(frozen=True)
class Conflict:
    """Lines `start` to `end` (from 0, without `end`), the marks among them."""

    start: int
    end: int

    def one_side(self, lines: Sequence[str]) -> list[str]:
        """As many lines, of which only the first version's are left; `pass` where it has none."""
        inside, kept = False, []
        for line in lines[self.start : self.end]:
            mark = MARK.match(line)
            inside = mark.group(1)[0] == "<" if mark else inside
            kept.append("" if mark or not inside else line)
        if not any(line.strip() for line in kept):
            other = next((line for line in lines[self.start : self.end] if line.strip() and not MARK.match(line)), "")
            kept[0] = margin_of(other) + "pass"
        return kept


def conflicts(lines: Sequence[str]) -> list[Conflict]:
    """The conflicts of a text, from their first mark that is left to their last. A row of `=` alone may be a heading, and is none."""
    marks = [(k, mark.group(1)[0]) for k, line in enumerate(lines) if (mark := MARK.match(line))]
    found: list[Conflict] = []
    k = 0
    while k < len(marks):
        last = k
        while marks[last][1] != ">" and last + 1 < len(marks) and marks[last + 1][1] != "<":
            last += 1
        if any(kind in "<>" for _, kind in marks[k : last + 1]):
            found.append(Conflict(marks[k][0], marks[last][0] + 1))
        k = last + 1
    return found
