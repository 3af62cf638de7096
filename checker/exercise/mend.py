"""Parse a text with broken lines in it: blank what does not parse, so that the rest can be judged."""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from collections.abc import Iterator

from checker.records import Broken

_JOINED = re.compile(r"\s*(elif\b|else\b|except\b|finally\b|[)\]}])")
_QUOTES = re.compile(r"\"\"\"|'''|#|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'")
_DEF = re.compile(r"\s*(async\s+)?def\s+backward\b")
_ASSIGNED = re.compile(r"^\s*(d\w+)\s*(?:\[[^\]]*\]\s*)?(?:[-+*/@]|//|\*\*)?=(?!=)")


def parse_leniently(text: str) -> tuple[ast.Module | None, str, tuple[Broken, ...]]:
    """Return the tree of `text`, the text that was parsed (same line numbers), and what had to be blanked.

    The tree is None when not even the rest parses; then the breaks say why.
    """
    whole, error = _parse(text)
    if whole is not None:
        return whole, text, ()
    lines = text.splitlines()
    broken: list[Broken] = []
    for start, end in _chunks(lines, 0, len(lines), 0):
        if _parse("\n".join(lines[start:end]))[0] is not None:
            continue
        body = _body(lines, start, end)
        pieces = (
            list(_chunks(lines, body, end, _indent(lines[body])))
            if body is not None and _is_backward(lines, start, end)
            else [(start, end)]
        )
        for first, last in pieces:
            piece = textwrap.dedent("\n".join(lines[first:last]))
            fault = _parse(piece)[1]
            if body is not None and first >= body and _indent(lines[first]) != _indent(lines[body]):
                fault = SyntaxError("this line is not indented like the others")
            if fault is not None:
                broken += _breaks(lines, first, last, fault)
                indent = lines[body if body is not None and first >= body else first]
                lines[first:last] = [indent[: len(indent) - len(indent.lstrip())] + "pass"] + [""] * (last - first - 1)
    mended = "\n".join(lines) + "\n"
    tree, remaining = _parse(mended)
    if tree is None:
        left = remaining or error
        assert left is not None
        row = min(left.lineno or 1, len(lines))
        broken.append(Broken(row, max(0, (left.offset or 1) - 1), str(left.msg), lines[row - 1], None))
    return tree, mended, tuple(broken)


def _parse(text: str) -> tuple[ast.Module | None, SyntaxError | None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(text)
            # `break` outside a loop, `x = 1 = 2` and their like are found by the compiler only; "return" is a cell's right.
            compile(ast.Module([_as_function(tree.body)], []), "<submission>", "exec", dont_inherit=True)
            return tree, None
        except SyntaxError as error:
            return None, error
        except (RecursionError, MemoryError, ValueError) as error:
            return None, SyntaxError(str(error) or "too deeply nested")


def _as_function(body: list[ast.stmt]) -> ast.stmt:
    shell = ast.parse("def f():\n pass").body[0]
    assert isinstance(shell, ast.FunctionDef)
    # `from x import *` is allowed at the top of a module only; a submission may have it there.
    shell.body = [n for n in body if not isinstance(n, ast.ImportFrom)] or shell.body
    return shell


def _chunks(lines: list[str], start: int, end: int, indent: int) -> Iterator[tuple[int, int]]:
    """Split lines[start:end] where a statement may begin: at each line indented by `indent` or less."""
    begins = [i for i in range(start, end) if lines[i].strip() and not lines[i].lstrip().startswith("#") and _indent(lines[i]) <= indent]
    quoted = _inside_strings(lines)
    begins = [i for i in begins if not _JOINED.match(lines[i]) and i not in quoted]
    merged: list[int] = []
    for i in begins:
        decorated = (
            merged
            and lines[merged[-1]].lstrip().startswith("@")
            and all(lines[k].lstrip().startswith("@") or not lines[k].strip() for k in range(merged[-1], i))
        )
        if not decorated:
            merged.append(i)
    if not merged:
        return
    spans = list(zip(merged, [*merged[1:], end], strict=True))
    i = 0
    while i < len(spans):
        first, last = spans[i]
        for j in range(i + 1, min(i + 9, len(spans))):
            if _open_brackets(lines[first:last]) <= 0:
                break
            if _parse(textwrap.dedent("\n".join(lines[first : spans[j][1]])))[0] is not None:
                last, i = spans[j][1], j
                break
        yield first, last
        i += 1


def _inside_strings(lines: list[str]) -> set[int]:
    """The lines that begin inside a triple-quoted string."""
    inside, delimiter = set(), ""
    for number, line in enumerate(lines):
        if delimiter:
            inside.add(number)
        for match in _QUOTES.finditer(line):
            if delimiter:
                delimiter = "" if match.group() == delimiter else delimiter
            elif match.group().startswith("#"):
                break
            elif len(match.group()) == 3:
                delimiter = match.group()
    return inside


def _open_brackets(lines: list[str]) -> int:
    text = re.sub(r"#.*|'[^'\n]*'|\"[^\"\n]*\"", "", "\n".join(lines))
    return sum(text.count(c) for c in "([{") - sum(text.count(c) for c in ")]}")


def _is_backward(lines: list[str], start: int, end: int) -> bool:
    return any(_DEF.match(line) for line in lines[start:end] if _indent(line) == 0)


def _body(lines: list[str], start: int, end: int) -> int | None:
    """The first line of a function's body: after the line whose colon ends the signature."""
    head = next((i for i in range(start, end) if re.search(r":\s*(#.*)?$", lines[i])), None)
    if head is None:
        return None
    return next((i for i in range(head + 1, end) if lines[i].strip() and not lines[i].lstrip().startswith("#")), None)


def _indent(line: str) -> int:
    expanded = line.expandtabs(8)
    return len(expanded) - len(expanded.lstrip())


def _breaks(lines: list[str], first: int, last: int, fault: SyntaxError) -> list[Broken]:
    row = min(last - 1, first + max(0, (fault.lineno or 1) - 1))
    indent = len(lines[first]) - len(lines[first].lstrip())
    column = max(0, (fault.offset or 1) - 1) + indent
    names: list[str | None] = [m.group(1) for line in lines[first:last] if (m := _ASSIGNED.match(line))]
    return [Broken(row + 1, column, str(fault.msg), lines[row].strip(), name) for name in dict.fromkeys(names or [None])]
