"""Which gradients a line is about that Python cannot read."""

from __future__ import annotations

import keyword
import re

from backprop_check.exercise.logical import margin_of

_PROMPT = re.compile(r"\s*(?:(?:>>>|\.\.\.|\$|[-+>])\s+|In \[\d*\]:\s*)+")
_INVISIBLE = re.compile("[\u200b-\u200d\u2060\ufeff]")
_LONGEST = 1000  # nobody assigns further to the right
_TARGETS = re.compile(r"[^\w*/@+%&|^-]*(?:[^\W\d]\w*(?:\s+|\s*,\s*))*?\d*(d\w+\b(?:\s*,\s*\w+\b)*)(?!\s*[-+*/@%&|^]+\s*[\w.(])")
"""One name, or several with commas, that no operator joins to another; a word before them (`let dx`) does not matter."""

_OPERAND = re.compile(r"\s*\(\s*\w+(?:\.\w+)*\s*[-+*/@%]")
"""A bracket whose first name an operator joins to what follows: an expression that goes on from the line above."""


def assigned(line: str) -> list[str]:
    """Return the names `d...` that the statement which begins on `line` gives a value, as far as one can tell.

    >>> assigned("dx, dy = dz * (y, x)"), assigned("dx == = b"), assigned("print(dx == 3"), assigned("dx (b * dy")
    (['dx', 'dy'], ['dx'], [], ['dx'])
    >>> assigned("(dx.T @ y).sum(0)"), assigned("dx + (1 - y) * dz)")
    ([], [])
    """
    text = _INVISIBLE.sub("", line[len(margin_of(line)) :][:_LONGEST])
    prompt = _PROMPT.match(text)
    text = (text[prompt.end() :] if prompt else text).removeprefix("@")
    names: list[str] = []
    if "d" not in text:
        return names
    for statement in text.split("#")[0].split(";"):
        first, *others = re.split(r"=+", statement)
        targets = _TARGETS.match(_outside(first))
        found = re.findall(r"\bd\w+", targets.group(1)) if targets else []
        word = re.match(r"\W*(\w+)", first)
        if word is None or keyword.iskeyword(word.group(1)):
            continue
        if others:
            called = re.match(r"\W*d\w+\s*\.", first)
            names += [] if called and "(" in first else found
            while first.strip()[-1:].isidentifier() and len(others) > 1 and others[1].strip() and re.fullmatch(r"\s*d\w+\s*", others[0]):
                names.append(others.pop(0).strip())
        elif not _OPERAND.match(first) and re.match(r"\W*\d*d\w+(?:\.\w+)*(?:\s+[^\s.]|\[|\s*[^\x00-\x7f])|\W*d\w+\.\w+_\(", first):
            names += found[:1]
    return names


def _outside(text: str) -> str:
    """What of `text` stands in no brackets, but for those of a tuple that is all of it; one that stays open ends it."""
    text, kept, depth = text.strip(), "", 0
    for char in text[1:-1] if text[:1] in ("(", "[") and text[-1:] in (")", "]") else text:
        depth += (char in "([{") - (char in ")]}")
        kept += char if depth <= 0 else ""
    return kept
