"""Tell code that only a newer Python reads from code that none does."""

from __future__ import annotations

import re
import sys

from backprop_check.exercise.mend import parse

_STRING = re.compile(r"(?<!\w)([a-zA-Z]{0,2})(\"\"\"|'''|\"|')")
_ANY = re.compile(r"#[^\n]*|(?<!\w)[a-zA-Z]{0,2}(?:\"\"\"|'''|\"|')")
_SYNTAX: list[tuple[tuple[int, int], list[tuple[str, str]]]] = [
    ((3, 12), [(r"(?m)^(\s*)type\s+(\w+)\s*(?:\[[^=\n]*\]\s*)?=", r"\1\2 ="), (r"\b(def|class)\s+(\w+)\s*\[[^\]\n]*\]", r"\1 \2")]),
    ((3, 14), [(r"(?m)^(\s*except\*?)\s+([\w.]+(?:\s*,\s*[\w.]+)+)\s*:", r"\1 (\2):"), (r"(?<!\w)([rR]?)[tT]([rR]?[\"'])", r"\1f\2")]),
]
"""By version, what it reads, and the same in older words."""


_LONGEST = 1000
"""Of longer statements it is not told: each string within a string is read once more."""


def newer_python(text: str, indented: bool) -> str | None:
    """Return the Python, newer than this one, that first reads `text` (as `3.12`), or None."""
    given = text
    if len(text) > _LONGEST:
        return None
    for version, rewritings in _SYNTAX:
        for pattern, older in rewritings:
            text = re.sub(pattern, older, text)
        if sys.version_info < version:
            plain = _without_fields(text) if sys.version_info < (3, 12) else text
            if plain is not None and plain != given and parse(plain, indented)[0] is not None:
                return ".".join(map(str, version))
    return None


def _without_fields(text: str) -> str | None:
    """Return `text` with an empty string for each f-string, if what is in their braces parses; since 3.12 it may hold any string."""
    out, at = "", 0
    while found := _ANY.search(text, at):
        end = found.end() if found.group().startswith("#") else _end(text, found.start())
        if end is None:
            return None
        literal = text[found.start() : end]
        plain = literal.startswith("#") or "f" not in found.group().lower()
        out += text[at : found.start()] + (literal if plain else '""')
        at = end
    return out + text[at:]


def _end(text: str, start: int) -> int | None:
    """Where the string that begins at `start` ends, or None if it does not, or if a field of it does not parse."""
    found = _STRING.match(text, start)
    if found is None:
        return None
    at, quote, fields = found.end(), found.group(2), "f" in found.group(1).lower()
    while at < len(text):
        if text.startswith(quote, at):
            return at + len(quote)
        if text[at] == "\n" and len(quote) == 1:
            return None
        if fields and text.startswith(("{{", "}}"), at):
            at += 2
        elif fields and text[at] == "{":
            closed = _field(text, at + 1)
            if closed is None:
                return None
            at = closed
        else:
            at += 2 if text[at] == "\\" else 1
    return None


def _field(text: str, start: int) -> int | None:
    """Where the field of an f-string that begins at `start` is closed; what it computes must parse."""
    at, depth = start, 0
    while at < len(text):
        if _STRING.match(text, at):
            end = _end(text, at)
            if end is None:
                return None
            at = end
            continue
        if not depth and (text[at] in "}:" or re.match(r"![rsa]\s*[:}]", text[at : at + 9])):
            break
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(text[at], 0)
        at += 1
    value = _without_fields(text[start:at].rstrip().removesuffix("="))
    if value is None or not value.strip() or parse(f"({value}\n)")[0] is None:
        return None
    while at < len(text) and text[at] != "}":
        nested = _field(text, at + 1) if text[at] == "{" else at + 1
        if nested is None:
            return None
        at = nested
    return at + 1 if at < len(text) else None
