"""Say in plain words why Python refuses a statement, and where: what stands there, and what to do."""

from __future__ import annotations

import keyword
import re
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from backprop_check.exercise.conflict import MARK
from backprop_check.exercise.logical import margin_of
from backprop_check.exercise.newer import newer_python

BOTH_SIDES = "git left both sides of a conflict here"
_PROMPT = re.compile(r"\s*(>>>|\.\.\.(?=\s+\S)|In \[\d*\]:|Out\[\d*\]:|```)")
_CODE = re.compile(r"character .*U\+([0-9A-F]{4,6})")
_ASCII = {"×": "*", "·": "*", "⋅": "*", "∗": "*", "÷": "/", "∕": "/", "−": "-", "–": "-", "—": "-", "←": "=", "≔": "=", "→": "->"}
_ASCII |= {"≤": "<=", "≥": ">=", "≠": "!=", "²": "**2", "³": "**3", "⁻": "**-", "¹": "**1", "ᵀ": ".T", "…": "..."}
_QUOTES = dict.fromkeys("“”„‟«»″", '"') | dict.fromkeys("‘’‚‛′´", "'")


_OF = {"else": "`if`", "elif": "`if`", "except": "`try`", "finally": "`try`"}


@dataclass(frozen=True)
class Fault:
    """Why a statement is refused: `row` and `column` (both from 0, in characters) of the place, and `help`, the move."""

    row: int
    column: int
    message: str
    help: str = ""

    @classmethod
    def of_conflict(cls, row: int) -> Fault:
        return cls(
            row,
            0,
            BOTH_SIDES,
            "Keep one of the two versions, and delete the other and the marks: the lines that begin with <<<<<<<, ======= and >>>>>>>.",
        )


def prompt(lines: Sequence[str], row: int) -> Fault | None:
    """The fault of a line that was copied together with what a Python session or Markdown puts before it."""
    found = _PROMPT.match(lines[row])
    if found is None:
        return None
    what = "Markdown" if found.group(1) == "```" else "the prompt of a Python session"
    return Fault(row, found.start(1), f"`{found.group(1)}` is {what}, not code", "Delete it, and what else is not code.")


def indentation(row: int, margin: str, wanted: str) -> Fault:
    """The fault of a line that reads well but stands at another margin than its block."""
    column, kinds = len(margin), ("tabs" if "\t" in margin else "spaces", "tabs" if "\t" in wanted else "spaces")
    if not wanted:
        return Fault(row, column, "this line is indented, and no block is open above it", "Take the white space before it away.")
    if margin and kinds[0] != kinds[1]:
        message = f"this line is indented with {kinds[0]}, the others with {kinds[1]}"
    else:
        message = "this line is not indented like the others"
    return Fault(row, column, message, "Indent the line like the other lines of its block.")


def fault(lines: Sequence[str], start: int, end: int, error: SyntaxError, plainly: bool = True) -> Fault:
    """Return why Python refuses lines[start:end], from the error it gave for them alone; without `plainly` in its own words."""
    for row in range(start, end):
        if MARK.match(lines[row]):
            return Fault.of_conflict(row)
    row = min(end - 1, start + max(0, (error.lineno or 1) - 1))
    line = lines[row]
    column = min(len(line), max(0, (error.offset or 1) - 1))
    if not plainly:
        return Fault(row, column, error.msg)
    if error.msg.startswith("f-string") and (opened := re.search(r"(?i)\b(?:f|rf|fr)[\"']", line)):
        column = opened.start()  # Python counts from within the braces
    version = newer_python("\n".join(lines[start:end]), bool(margin_of(lines[start])))
    if version is not None:
        now = ".".join(map(str, sys.version_info[:2]))
        return Fault(
            row, column, f"Python {version} or newer reads this, but it is judged with Python {now}, which does not",
            f"Write it in a way that Python {now} reads too.",
        )  # fmt: skip
    prompted = prompt(lines, start)
    if prompted is not None:
        return prompted
    odd = _CODE.search(error.msg)
    if odd:
        return _odd(row, line, column, chr(int(odd.group(1), 16)))
    if error.msg.startswith("unterminated") and not any(c in line[: column + 1] for c in "\"'"):
        column = next((k for k, c in enumerate(line) if c in "\"'"), column)
    if error.msg == "invalid syntax":
        return _unreadable(row, line, column)
    return Fault(row, column, error.msg)


def _odd(row: int, line: str, column: int, char: str) -> Fault:
    """The fault of a character that no code holds outside strings: what it is, and what stands in its place."""
    column = line.find(char, column) if char in line[column:] else max(0, line.find(char))
    name, code = unicodedata.name(char, "no character").lower(), f"U+{ord(char):04X}"
    if char in _QUOTES:
        return Fault(
            row,
            column,
            f"{char} is a typographic quote, which is none for Python",
            f"Type the straight quote {_QUOTES[char]} of the keyboard.",
        )
    if not char.isprintable() or unicodedata.category(char) in ("Zs", "Cf"):
        what = "a space" if unicodedata.category(char) == "Zs" else "a character that cannot be seen"
        move = "Delete it and type an ordinary space." if unicodedata.category(char) == "Zs" else "Delete it, or type the line anew."
        return Fault(row, column, f"{what} stands here that Python does not know: {name} ({code})", move)
    plain = _ASCII.get(char) or unicodedata.normalize("NFKC", char)
    move = (
        f"Write {plain} in its place."
        if plain.isascii() and plain.strip()
        else "Write in ASCII characters what it stands for, or take it away."
    )
    return Fault(row, column, f"{char} ({name}, {code}) is not a character of Python's", move)


def _unreadable(row: int, line: str, column: int) -> Fault:
    """What `invalid syntax` means where it stands."""
    rest, before = line[column:], line[:column].rstrip()
    found = re.match(r"\w+|[^\w\s]+", rest)
    if found is None or rest.startswith("#"):
        return Fault(row, len(before), "the line ends where more has to come", "Write what is missing, or take away what waits for it.")
    token = found.group()
    last = re.search(r"(\w+|[)\]}'\"])$", before)
    if token in _OF:
        return Fault(
            row,
            column,
            f"there is no {_OF[token]} above that this `{token}` belongs to",
            f"Put it below its {_OF[token]}, at the same margin.",
        )
    if token.startswith("=") and last and keyword.iskeyword(last.group(1)):
        token, column = last.group(1), last.start()
    if keyword.iskeyword(token) and token not in ("None", "True", "False"):
        return Fault(row, column, f"`{token}` is a word of Python's own and cannot stand here", "If it is meant as a name, choose another.")
    if last and re.match(r"\w", token) and not keyword.iskeyword(name := last.group(1)):
        look = "Look for a missing operator between two operands, or a bracket that is not closed."
        if before.strip() == name and name.isidentifier() and not rest.rstrip().endswith(":"):
            look = f"If `{name}` is to be given a value, write `=` between the two."
        return Fault(row, column, f"`{token}` follows on `{name}` with nothing between them", look)
    return Fault(row, column, f"`{token}` cannot stand here", "")
