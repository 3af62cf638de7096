"""Cut a text that does not parse into logical lines: strings and brackets are told by parso's tokens, what counts as whole by Python."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from parso.python.tokenize import tokenize_lines
from parso.utils import parse_version_string

COMPOUND = frozenset(["if", "for", "while", "with", "try", "def", "class", "async"])
CLAUSES = {"elif": ("if", "elif"), "else": ("if", "elif", "for", "while", "try", "except", "async"), "except": ("try", "except"),
           "finally": ("try", "except", "else")}  # fmt: skip
"""By its first word, the clauses that one may follow on."""
_ABOVE = {"elif": "if 1: pass\n", "else": "if 1: pass\n", "except": "try: pass\n", "finally": "try: pass\n"}
_MARGIN = re.compile("[^\\S\n]*(?:[\u200b-\u200d\u2060\ufeff]+[^\\S\n]*)*")
_BEGINS = re.compile(
    r"[^\S\n]*(?:@\w|(?:def|class|async|return|import|from|with|for|while|if|try|del|pass|raise|assert|global|nonlocal)\b"
    r"|[A-Za-z_][\w.]*(?:\[[^\]]*\])?(?:\s*,\s*[\w.]+)*\s*(?::[^=(){}]+)?(?:[-+*/@%&|^]|//|\*\*|<<|>>)?=(?!=))"
)
"""A line that begins a statement even where a bracket or a string above it is still open: an assignment, or a statement's own word."""


_WORD = re.compile(r"\w+|@(?=\s*(?:\(|[\w.]+\s*(?:[(\[#\\]|$)))|[^@]")
"""A line's first word, or its first sign; an `@` only where it may begin a decorator."""
_SIGNED = re.compile(r"\)[^()#]*:\s*(?:#.*)?$")
_PARAMETERS = 50
"""Of so many lines the signature of a function may be."""
_OPENING = re.compile(r"[(\[{'\"\\]")
_STOPS = frozenset(["def", "class", "import", "return", "del", "pass", "global", "nonlocal", "assert", "raise"])
"""What begins a line of no expression: where a bracket is open above it, it was left open."""
_SPARE = 50_000


@dataclass(frozen=True)
class Logical:
    """Lines `start` to `end` (from 0, without `end`) that are one for Python; a block belongs to it if it `opens` one.

    `whole` says that it parses by itself; `error` is why not, where that was asked of one line (its place is that in the line).
    """

    start: int
    end: int
    margin: str
    word: str
    opens: bool = False
    whole: bool = False
    error: SyntaxError | None = None

    @property
    def width(self) -> int:
        return len(self.margin.expandtabs(8))


def logical_lines(lines: Sequence[str]) -> Iterator[Logical]:
    """Yield the logical lines of a text. One whose bracket or string stays open ends where the next statement seems to begin."""
    spare = _SPARE + sum(map(len, lines)) // 4  # how much may be looked at more than once, in all: no text takes longer than its size
    i = 0
    while i < len(lines):
        margin = margin_of(lines[i])
        rest = lines[i][len(margin) :]
        if not rest or rest.startswith("#"):
            i += 1
            continue
        found = _WORD.match(rest)
        word = found.group() if found else ""
        alone = word != "@"  # a decorator never is
        error = _refused(lines[i], "") if alone else None
        if alone and error is None:
            one = Logical(i, i + 1, margin, word, whole=True)
        elif word == "def" and (end := _signature_end(lines, i)) > i + 1:
            one = Logical(i, end, margin, word, opens=True)
        elif not _OPENING.search(rest):
            one = Logical(i, i + 1, margin, word, _ends_in_colon(rest), error=error)
        else:
            one, seen = _long(lines, Logical(i, i + 1, margin, word, _ends_in_colon(rest), error=error), spare)
            spare -= min(spare, seen)
        yield one if one.whole or one.opens or (word not in COMPOUND and word not in CLAUSES) else replace(one, opens=True)
        i = one.end


def margin_of(line: str) -> str:
    """The white space that a line begins with, the odd and the invisible kinds too."""
    found = _MARGIN.match(line)
    return found.group() if found else ""


def _signature_end(lines: Sequence[str], start: int) -> int:
    """Where the signature that begins on a line ends: with `):`, whatever its brackets say; `start` where another statement comes first."""
    for k in range(start, min(len(lines), start + _PARAMETERS)):
        if k > start and _BEGINS.match(lines[k]):
            return start
        if _SIGNED.search(lines[k]):
            return k + 1
    return start


def _long(lines: Sequence[str], one: Logical, spare: int) -> tuple[Logical, int]:
    """Return the logical line that begins as `one` does and may go on below it, and how many characters were looked at for that."""
    last, end, closed = "", one.start + 1, False
    for token in tokenize_lines(_window(lines, one.start, spare), version_info=parse_version_string()):
        if token.type.name == "NEWLINE":
            end, closed = one.start + token.start_pos[0], True
            break
        if token.string in _STOPS and token.start_pos[0] > max(1, end - one.start):
            end = one.start + token.start_pos[0] - 1
            break
        last, end = token.string or last, one.start + token.start_pos[0]
    end = min(end, len(lines))
    seen = sum(len(line) for line in lines[one.start + 1 : end])
    found = replace(one, end=end, opens=last == ":" and _code(lines[one.start]) != ":")
    if end == one.start + 1:
        return found, seen
    found = replace(found, error=None)
    text, above = "\n".join(lines[one.start : end]), _ABOVE.get(one.word, "")
    if closed and _refused(text, "\ndef f(): pass" if one.word == "@" else "\n pass" if found.opens else "", above) is None:
        return replace(found, whole=not found.opens and one.word != "@"), seen
    begins = (k for k in range(one.start + 1, end) if _BEGINS.match(lines[k]))
    cut = next((k for k in begins if not closed or len(margin_of(lines[k]).expandtabs(8)) <= one.width), end)
    return (one if cut == one.start + 1 else replace(one, end=cut, error=None) if cut < end else found), seen


def _window(lines: Sequence[str], start: int, spare: int) -> Iterator[str]:
    for line in islice(lines, start, None):
        yield line + "\n"
        spare -= len(line) + 1
        if spare < 0:
            return


def _ends_in_colon(line: str) -> bool:
    """Whether a block may follow; a colon alone is a slip, and takes no lines along."""
    return _code(line).endswith(":") and _code(line) != ":"


def _code(line: str) -> str:
    return line.split("#")[0].strip()


def _refused(text: str, below: str, above: str = "") -> SyntaxError | None:
    """Why the statement does not parse, if it does not; lines are put above and below it that it needs to be a whole one."""
    try:
        ast.parse(above + text.lstrip(" \t\f") + below)
    except SyntaxError as error:
        error.offset = (error.offset or 1) + len(text) - len(text.lstrip(" \t\f"))
        return error
    except (ValueError, RecursionError, MemoryError) as error:
        return SyntaxError(str(error) or "too deeply nested")
    return None
