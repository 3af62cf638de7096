"""What names mean to a person who looks at a download: who writes them, and for what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_WORDS = re.compile(r"[^\W\d_]+|\d+")
_COPIED = re.compile(r"(?: ?\(\d+\)|[ _-]+copy|-\d{8}T\d{6}Z(?:-\d+)+)$", re.IGNORECASE)
_EXPORT = re.compile(r"submissions|(?P<assignment>.+)[-_]submissions|assignment_\d+_export", re.IGNORECASE)

_PROJECT = {
    *("exercises", "solutions", "src", "source", "lib", "tests", "test", "notebooks", "docs", "data", "code", "scripts", "utils", "images"),
    *("plots", "helpers", "output", "outputs", "results", "models", "tools", "template", "templates", "admin", "grading", "rubrics"),
}  # fmt: skip
_TEACHERS = {
    *("grade", "grader", "grading", "autograder", "autograde", "nbgrader", "check", "checker", "solution", "solutions"),
    *("answer", "answers", "test", "tests", "conftest", "template", "starter", "skeleton", "stub", "example", "reference", "instructor"),
    *("teacher", "rubric", "readme", "setup", "utils", "util", "helper", "helpers", "config", "run", "model", "hidden", "public"),
    *("sample", "handout", "instructions", "slides", "musterlösung", "musterloesung", "lösung", "lösungen", "loesung", "vorlage"),
    *("corrigé", "corrige", "solución", "plantilla", "soluzione", "soluzioni"),
}  # fmt: skip
_SERIES = {
    *("part", "q", "question", "task", "problem", "exercise", "ex", "version", "v", "attempt", "try", "step", "hw", "homework", "week"),
    *("lab", "assignment", "assign", "unit", "chapter", "day", "pset", "ps", "project"),
}  # fmt: skip
_VERSIONS = _SERIES | {
    *("final", "finals", "old", "new", "copy", "draft", "backup", "bak", "fixed", "fix", "last", "latest", "first", "second", "submission"),
    *("submit", "mine", "work", "main", "notebook", "backward", "backprop", "gradient", "gradients", "untitled", "scratch", "tmp", "temp"),
}  # fmt: skip
_COLLECTIONS = {
    *("late", "later", "resubmissions", "submissions", "extensions", "others", "rest", "missing", "nachzügler", "nachzuegler", "verspätet"),
    *("verspätete", "nachgereicht", "abgaben", "einreichungen", "rendus", "retard", "retards", "remises", "entregas", "tarde", "tardías"),
    *("consegne", "ritardo", "inleveringen"),
}  # fmt: skip
ONLY = {"submitted": {"source", "release", "autograded", "feedback"}, "submitted files": {"working files"}}
"""Where nbgrader and Teams keep what was handed in, beside folders that hold it no more or not yet."""


_RETURNED = {
    *("assignment", "task", "assessment", "feedback", "review", "correction", "corrected", "grading", "graded", "returnbox"),
    *("return box", "return", "aufgabe", "korrektur", "rückgabe", "working files"),
}  # fmt: skip
_HANDED_IN = {"submission", "submitted", "submitted files", "submission attachment", "abgabe", "dropbox", "drop box", "handin", "rendu"}
_GIVEN_BACK, _FEEDBACK = {"feedback attachment"}, {"feedback", "autograded"}
_PART_OF_FLOW = re.compile(r"^\d+[ _.-]+|(?:\(s\)|s|n|en)?(?:[ _.-]+\d+)?$")


def words(name: str) -> list[str]:
    return _WORDS.findall(name.casefold())


def is_teachers(name: str) -> bool:
    """Say whether a name, without the exercise it tells, is one that teachers give to files of theirs."""
    found = words(name)
    return any(word in _TEACHERS for word in found) and all(word in _TEACHERS or word.isdigit() for word in found)


def is_handed_in(folder: str) -> bool:
    """Say whether a platform puts what a student handed in into a folder of this name: `2_submissions`, `Submission attachment(s)`."""
    return _PART_OF_FLOW.sub("", folder.casefold()) in _HANDED_IN


def is_returned(folder: str, handed_in: bool, beside: bool) -> bool:
    """Say whether what a student was given, or given back, lies in a folder of this name. `handed_in`: there is one for what was handed in;
    `beside`: there is another at least.
    """
    name = _PART_OF_FLOW.sub("", folder.casefold())
    return name in _GIVEN_BACK or (handed_in and name in _RETURNED) or (beside and name in _FEEDBACK)


def is_project(name: str) -> bool:
    """Say whether a folder of this name is part of a project or of a course, and nobody's."""
    return name.casefold() in _PROJECT


def is_version(found: Sequence[str]) -> bool:
    """Say whether words tell which of a student's files it is, and not whose: v2, final, 3, a. `s1` and 700101 may be students."""
    letter = len(found) == 1 and len(found[0]) == 1
    return letter or all(word in _VERSIONS or word in _TEACHERS or (word.isdigit() and len(word) < 4) for word in found)


def is_collection(name: str) -> bool:
    """Say whether a folder of this name is of several people's work, as of those who came late: `Late submissions`, and not `ada_LATE`."""
    found = {*words(name)}
    return not _COLLECTIONS.isdisjoint(found) and all(word in _COLLECTIONS | _VERSIONS or word.isdigit() for word in found)


def without_copy(name: str) -> str:
    """Return a name without what a browser or a file manager puts behind that of a second copy."""
    return _COPIED.sub("", name)


def is_series(names: Iterable[str]) -> bool:
    """Say whether names are the same word with a number, as hw1 and hw2: parts of a course, or of one student's work."""
    found = [words(name) for name in names]
    return all(len(each) == 2 and each[0] in _SERIES and each[1].isdigit() for each in found) and len({each[0] for each in found}) == 1


def is_same(name: str, other: str) -> bool:
    """Say whether two names are one, but for what a browser or a file manager puts behind a second copy."""
    return bool(name) and words(without_copy(name)) == words(without_copy(other))


def export(name: str) -> str | None:
    """Return the assignment that the name of an export tells ("" where it tells none), or None where it is no such name."""
    match = _EXPORT.fullmatch(name)
    return None if match is None else match["assignment"] or ""
