"""Gradescope's submission_metadata.yml: who handed in which folder of an export."""

from __future__ import annotations

import json
import re

LARGEST_METADATA = 100_000_000
# Whatever students made their tests print stands in the same file, but indented: a key in the first column is Gradescope's own.
_SUBMISSION = re.compile(r"^(submission_\d+):[ \t]*$", re.MULTILINE)
_SUBMITTERS = re.compile(r"^  :?submitters:[ \t]*\n((?:  (?:-| ) .*\n|[ \t]*\n)*)", re.MULTILINE)
_FIELD = re.compile(r"^  (-| ) +:?(name|sid|email): *(.*?)[ \t]*$", re.MULTILINE)


def read_submitters(raw: bytes) -> dict[str, list[dict[str, str]]]:
    """Return the submitters of each folder, each with what is told of its name, sid and email. What is not understood is left out."""
    text = raw.decode("utf-8-sig", "replace").replace("\r\n", "\n") + "\n"
    marks = list(_SUBMISSION.finditer(text))
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    found = {mark[1]: _submitters(text[mark.end() + 1 : end]) for mark, end in zip(marks, ends, strict=True)}
    return {folder: people for folder, people in found.items() if people}


def _submitters(block: str) -> list[dict[str, str]]:
    people: list[dict[str, str]] = []
    if listed := _SUBMITTERS.search(block):
        for dash, key, value in _FIELD.findall(listed[1]):
            if dash == "-" or not people:
                people.append({})
            if scalar := _scalar(value):
                people[-1][key] = scalar
    return [person for person in people if person]


def _scalar(text: str) -> str:
    """Return a YAML scalar of one line: plain, 'single' or "double" quoted."""
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'").strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            return str(json.loads(text)).strip()
        except ValueError:
            return text[1:-1].strip()
    return "" if text in ("~", "null") else text.strip()
