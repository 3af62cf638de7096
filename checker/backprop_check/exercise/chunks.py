"""Cut a text where its statements begin, by indentation, strings and brackets alone: it need not parse."""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from collections.abc import Iterator

_JOINED = re.compile(r"\s*(elif\b|else\b|except\b|finally\b|[)\]}])")
_QUOTES = re.compile(r"\"\"\"|'''|#|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'")


def chunks(lines: list[str], start: int, end: int, indent: int) -> Iterator[tuple[int, int]]:
    """Split lines[start:end] where a statement may begin: at each line indented by `indent` or less."""
    begins = [i for i in range(start, end) if lines[i].strip() and not lines[i].lstrip().startswith("#") and indent_of(lines[i]) <= indent]
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
            if parse(textwrap.dedent("\n".join(lines[first : spans[j][1]])))[0] is not None:
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


def indent_of(line: str) -> int:
    expanded = line.expandtabs(8)
    return len(expanded) - len(expanded.lstrip())


def parse(text: str) -> tuple[ast.Module | None, SyntaxError | None]:
    """Return the tree of `text`, or the error that says why there is none."""
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
