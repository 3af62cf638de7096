"""Gradescope's submission_metadata.yml or .csv: who handed in which folder of an export."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import defaultdict

from backprop_check.classroom.columns import squeezed

LARGEST_METADATA = 100_000_000
# Whatever students made their tests print stands in the same file, but indented: a key in the first column is Gradescope's own.
_SUBMISSION = re.compile(r"^(submission_\d+):[ \t]*$", re.MULTILINE)
_SUBMITTERS = re.compile(r"^  :?submitters:[ \t]*\n((?:  (?:-| ) .*\n|[ \t]*\n)*)", re.MULTILINE)
_FIELD = re.compile(r"^  (-| ) +:?(name|sid|email): *(.*?)[ \t]*$", re.MULTILINE)


def read_submitters(raw: bytes) -> dict[str, list[dict[str, str]]]:
    """Return the submitters of each folder, each with what is told of its name, sid and email. What is not understood is left out."""
    text = raw.decode("utf-8-sig", "replace").replace("\r\n", "\n") + "\n"
    if "submissionid" in map(squeezed, next(csv.reader([text.partition("\n")[0]]), [])):
        return _listed(text)
    marks = list(_SUBMISSION.finditer(text))
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    found = {mark[1]: _submitters(text[mark.end() + 1 : end]) for mark, end in zip(marks, ends, strict=True)}
    return {folder: people for folder, people in found.items() if people}


def _listed(text: str) -> dict[str, list[dict[str, str]]]:
    """Return the same of a CSV with a row for each submitter. Who handed in nothing has no submission there."""
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in csv.DictReader(io.StringIO(text)):
        cells = {squeezed(title): (cell or "").strip() for title, cell in row.items() if isinstance(title, str) and isinstance(cell, str)}
        name = cells.get("name") or f"{cells.get('firstname', '')} {cells.get('lastname', '')}".strip()
        person = {key: value for key, value in (("name", name), ("sid", cells.get("sid")), ("email", cells.get("email"))) if value}
        if person and (number := cells.get("submissionid")):
            for folder in {number, f"submission_{number}"}:
                found[folder].append(person)
    return dict(found)


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
