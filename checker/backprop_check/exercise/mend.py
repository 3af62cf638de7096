"""Parse a text with broken lines in it: blank what does not parse, so that the rest can be judged."""

from __future__ import annotations

import ast
import re
import textwrap

from backprop_check.exercise.chunks import chunks, indent_of, parse
from backprop_check.records import Broken

_DEF = re.compile(r"\s*(async\s+)?def\s+backward\b")
_ASSIGNED = re.compile(r"^\s*(d\w+)\s*(?:\[[^\]]*\]\s*)?(?:[-+*/@]|//|\*\*)?=(?!=)")


def parse_leniently(text: str) -> tuple[ast.Module | None, str, tuple[Broken, ...]]:
    """Return the tree of `text`, the text that was parsed (same line numbers), and what had to be blanked.

    The tree is None when not even the rest parses; then the breaks say why.
    """
    whole, error = parse(text)
    if whole is not None:
        return whole, text, ()
    lines = text.splitlines()
    broken: list[Broken] = []
    for start, end in _top_level(lines):
        if parse("\n".join(lines[start:end]))[0] is None:
            for first, last, fault in _faults(lines, start, end):
                broken += _breaks(lines, first, last, fault)
                _blank(lines, first, last, _body(lines, start, end) if _is_backward(lines, start, end) else None)
    mended = "\n".join(lines) + "\n"
    tree, remaining = parse(mended)
    if tree is None:
        left = remaining or error
        assert left is not None
        row = min(left.lineno or 1, len(lines))
        broken.append(Broken(row, max(0, (left.offset or 1) - 1), str(left.msg), lines[row - 1], None))
    return tree, mended, tuple(broken)


def _top_level(lines: list[str]) -> list[tuple[int, int]]:
    """The stretches between lines without indentation. One that does not parse for a stray margin stays with the `backward` above it."""
    spans: list[tuple[int, int]] = []
    for start, end in chunks(lines, 0, len(lines), 0):
        stray = any(indent_of(line) for line in lines[start + 1 : end]) and parse("\n".join(lines[start:end]))[0] is None
        if spans and stray and _is_backward(lines, *spans[-1]) and not _is_backward(lines, start, end):
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans


def _faults(lines: list[str], start: int, end: int) -> list[tuple[int, int, SyntaxError]]:
    """Which lines of a stretch that does not parse are at fault: statements of a `backward`, else the whole stretch."""
    body = _body(lines, start, end) if _is_backward(lines, start, end) else None
    if body is None:
        fault = parse("\n".join(lines[start:end]))[1]
        return [(start, end, fault)] if fault else []
    found = []
    for first, last in chunks(lines, body, end, indent_of(lines[body])):
        fault = parse(textwrap.dedent("\n".join(lines[first:last])))[1]
        if indent_of(lines[first]) != indent_of(lines[body]):
            fault = SyntaxError("this line is not indented like the others")
        elif fault is not None and last > first + 1 and _stands_alone(lines[first]):
            first, fault = first + 1, SyntaxError("this line is not indented like the others")
        if fault is not None:
            found.append((first, last, fault))
    return found


def _stands_alone(line: str) -> bool:
    return not line.rstrip().endswith(":") and parse(line.strip())[0] is not None


def _blank(lines: list[str], first: int, last: int, body: int | None) -> None:
    margin = lines[body if body is not None and first >= body else first]
    lines[first:last] = [margin[: len(margin) - len(margin.lstrip())] + "pass"] + [""] * (last - first - 1)


def _is_backward(lines: list[str], start: int, end: int) -> bool:
    return any(_DEF.match(line) for line in lines[start:end] if indent_of(line) == 0)


def _body(lines: list[str], start: int, end: int) -> int | None:
    """The first line of a function's body: after the line whose colon ends the signature."""
    head = next((i for i in range(start, end) if re.search(r":\s*(#.*)?$", lines[i])), None)
    if head is None:
        return None
    return next((i for i in range(head + 1, end) if lines[i].strip() and not lines[i].lstrip().startswith("#")), None)


def _breaks(lines: list[str], first: int, last: int, fault: SyntaxError) -> list[Broken]:
    row = min(last - 1, first + max(0, (fault.lineno or 1) - 1))
    indent = len(lines[first]) - len(lines[first].lstrip())
    column = max(0, (fault.offset or 1) - 1) + indent
    names: list[str | None] = [m.group(1) for line in lines[first:last] if (m := _ASSIGNED.match(line))]
    return [Broken(row + 1, column, str(fault.msg), lines[row].strip(), name) for name in dict.fromkeys(names or [None])]
