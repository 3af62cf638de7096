"""Write what is made of all results at the end: marks, the class page, and what other systems read."""

from __future__ import annotations

import json
from collections.abc import Sequence

from backprop_check.classroom.formats import grades
from backprop_check.classroom.formats.stems import stem
from backprop_check.classroom.formats.table import FORMATS
from backprop_check.classroom.results import Result
from backprop_check.classroom.roll import Roll
from backprop_check.classroom.roster import Roster
from backprop_check.errors import BadInput
from backprop_check.exercise.outline import Chapter
from backprop_check.grading.store import RESULTS, Store


def check_formats(names: Sequence[str], roster: Roster | None) -> None:
    """Raise `BadInput` for a format that is not there, or that lacks the sheet it fills, before anything is graded."""
    for name in names:
        if name not in FORMATS:
            raise BadInput(f"there is no format {name!r}: give some of {', '.join(FORMATS)}.")
        for _ in FORMATS[name]((), roster):
            pass


def write_outputs(
    store: Store, results: Sequence[Result], roster: Roster | None, roll: Roll, formats: Sequence[str], chapters: Sequence[Chapter] = ()
) -> list[str]:
    """Write all files that are made of the whole class; return what to name to a person, relative to the store's folder."""
    from backprop_check.classroom.pages.class_data import class_data
    from backprop_check.classroom.pages.class_page import page_of

    named = [RESULTS]
    for name in dict.fromkeys((grades.NAME, *formats)):
        paths = []
        for path, text in FORMATS[name](results, roster):  # one at a time: all of them together may be as large as a class
            store.write(path, text)
            paths.append(path)
        named += [paths[0] if len(paths) == 1 else f"{name}/"] if paths else []
    for submission in roll.gone:
        for name in FORMATS:
            for suffix in (".json", ".txt"):
                store.remove(f"{name}/{stem(submission)}{suffix}")
    data = class_data(results, roll, chapters)
    store.write("class.json", json.dumps(data, indent=1, allow_nan=False) + "\n")
    store.write("class.html", page_of(data))
    return [*named, "feedback/", "class.html"]


def not_renewed(store: Store, formats: Sequence[str], roster: Roster | None) -> tuple[str, ...]:
    """Return what an earlier run has written in formats that this one was not asked for: it says what was so then."""
    there = []
    for name in FORMATS.keys() - {grades.NAME, *formats}:
        try:
            path = next((path for path, _ in FORMATS[name]((), roster)), f"{name}/")
        except BadInput:  # without a sheet to fill; it is called like the format
            path = f"{name}.csv"
        there += [path] if (store.folder / path).exists() else []
    return tuple(sorted(there))
