"""Write a student's feedback once all that the student handed in has been judged."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import PurePosixPath

from backprop_check.classroom.formats.stems import stem
from backprop_check.classroom.pages.html import html
from backprop_check.classroom.pages.markdown import markdown
from backprop_check.classroom.pages.view import Part
from backprop_check.classroom.results import Result
from backprop_check.errors import BadInput
from backprop_check.files import decoded
from backprop_check.grading.store import Store
from backprop_check.submission.cells import cells

Data = Callable[[Result], bytes]

_DEFINES = re.compile(r"^(async )?def backward\b", re.MULTILINE)


class Pages:
    """The feedback folder. `data` gives the bytes that a result was judged by; it raises `BadInput` where they are gone."""

    def __init__(self, store: Store, data: Data, expected: Iterable[tuple[str, str]]) -> None:
        """`expected` are the (student, submission) of the whole class."""
        self._store, self._data = store, data
        self._left: dict[str, set[str]] = defaultdict(set)
        for student, submission in expected:
            self._left[student].add(submission)
        self._results: dict[str, list[Result]] = defaultdict(list)

    def outdated(self, student: str) -> None:
        """Take away the page of a student of whom it is not true any more: what ends this run must not leave the old one."""
        for name in _names(student):
            self._store.remove(name)

    def known(self, result: Result) -> None:
        """Take note of a result from an earlier run; its page is written again only where it is not there."""
        self._take(result)
        if not self._left[result.student] and not (self._store.folder / _names(result.student)[-1]).is_file():
            self._write(result.student)

    def done(self, result: Result) -> None:
        """Take note of a new result."""
        self._take(result)
        if not self._left[result.student]:
            self._write(result.student)

    def _take(self, result: Result) -> None:
        self._left[result.student].discard(result.submission)
        self._results[result.student].append(result)

    def _write(self, student: str) -> None:
        results = sorted(self._results[student], key=lambda r: (r.exercise, r.submission))
        try:
            parts = [Part(result, self._lines(result)) for result in results]
            texts = markdown(student, parts), html(student, parts)
        except Exception:  # a mistake of ours over one student's text must not end the batch: the page says the verdicts without it
            parts = [Part(_without_words(result)) for result in results]
            texts = markdown(student, parts), html(student, parts)
        for name, text in zip(_names(student), texts, strict=True):
            self._store.write(name, text)

    def _lines(self, result: Result) -> list[str] | None:
        """Return the text that line numbers of the report refer to: the file's or, in a notebook, that of the cell with the answers.

        Nothing is parsed as Python here: what a stranger wrote may take the parser, and this process, too long.
        """
        path = PurePosixPath(result.submission)
        try:
            found = cells(path, decoded(self._data(result), path, "submission"))
        except BadInput:
            return None
        ours = [cell for cell in found if cell.is_for(result.exercise)]
        answers = [cell for cell in ours if cell.mark is not None or _DEFINES.search(cell.text)]
        return (answers or ours)[-1].text.split("\n") if ours else None


def _without_words(result: Result) -> Result:
    """The result as a page can surely show it: its marks, and that its words could not be."""
    gradients = [{**g, "diagnoses": [], "remarks": [], "source": None, "line": None} for g in result.report["gradients"]]
    lost = "This page could not be made as a whole: ask for the explanations."
    return replace(result, report={**result.report, "gradients": gradients, "message": result.report["message"] or lost, "notices": []})


def _names(student: str) -> tuple[str, str]:
    """Return the files of a student in the order in which they are written: where the last one is, all are."""
    name = stem(student)
    return f"feedback/{name}.md", f"feedback/{name}.html"
