"""Whose a file is, by where it lies: the layouts that course platforms export, and those people make by hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from backprop_check.grading.answered import ExerciseNames
from backprop_check.grading.item import Item

# Non-greedy, so that a file called like another student's submission stays with the one who handed it in.
_MOODLE = re.compile(r"(?P<name>.+?)_(?P<key>\d+)_assignsubmission_[a-z]+_.*", re.DOTALL)
_CANVAS = re.compile(r"(?P<name>[^_]+)(?:_LATE)?_(?P<key>\d+)_\d+_.+", re.DOTALL)
_CANVAS_ANONYMOUS = re.compile(r"(?P<name>anon)(?:_LATE)?_(?P<key>[A-Za-z0-9]+)_\d+_.+", re.DOTALL)
_GRADESCOPE = re.compile(r"submission_\d+")
_EXPORT = re.compile(r"submissions|(?P<assignment>.+)[-_]submissions|assignment_\d+_export", re.IGNORECASE)
_PROJECT = {"exercises", "solutions", "src", "tests", "test", "notebooks", "docs", "data"}

Metadata = Callable[[Item], dict[str, list[dict[str, str]]]]


@dataclass(frozen=True)
class Person:
    """A student as the names tell. `keys` are for the roster, the surest first; `mark` tells two of the same name apart."""

    name: str
    keys: tuple[str, ...]
    mark: str = ""


@dataclass(frozen=True)
class Group:
    """What one student, or one group of them, handed in. Its own names begin at `depth`; `folder` is theirs alone, if they have one."""

    people: tuple[Person, ...]
    depth: int
    items: tuple[Item, ...]
    folder: Item | None = None


@dataclass(frozen=True)
class _Level:
    """What lies at one depth: folders with all that is below them, and files."""

    folders: dict[str, list[Item]]
    files: list[Item]

    @property
    def names(self) -> list[str]:
        return [*self.folders, *(item.name for item in self.files)]


def group(items: Iterable[Item], above: str, names: ExerciseNames, metadata: Metadata, depth: int = 0) -> list[Group]:
    """Part the items below `depth` by student. `above` is the name of the folder they lie in; `metadata` reads a file of Gradescope's."""
    level = _level(items, depth)
    if _is_wrapper(level, above, names, depth):
        return [g for name, below in level.folders.items() for g in group(below, name, names, metadata, depth + 1)]
    told = next((metadata(item) for item in level.files if item.kind == "metadata"), {})
    prefix = _assignment(list(level.folders), above)
    groups: list[Group] = []
    exported: dict[Person, list[Item]] = {}
    folder_of: dict[Person, Item] = {}
    for name, below in level.folders.items():
        folder = next((item for item in below if len(item.parts) == depth + 1), Item((*below[0].parts[:depth], name), "folder"))
        if person := _moodle(name):
            exported.setdefault(person, []).extend(below)
            folder_of.setdefault(person, folder)
        else:
            people = tuple(_submitter(fields, name) for fields in told.get(name, ())) or (_by_folder(name, prefix, names),)
            groups.append(Group(people, depth + 1, tuple(below), folder))
    for item in level.files:
        if person := _moodle(item.name) or _canvas(item.name):
            exported.setdefault(person, []).append(item)
        elif item.kind != "metadata":
            groups.append(Group((_by_file(item, names),), depth, (item,)))
    return groups + [Group((p,), depth, tuple(_latest(held, names)), folder_of.get(p)) for p, held in exported.items()]


def _level(items: Iterable[Item], depth: int) -> _Level:
    level = _Level({}, [])
    for item in items:
        if len(item.parts) > depth + 1 or (item.kind == "folder" and len(item.parts) == depth + 1):
            level.folders.setdefault(item.parts[depth], []).append(item)
        elif len(item.parts) == depth + 1:
            level.files.append(item)
    return level


def _is_wrapper(level: _Level, above: str, names: ExerciseNames, depth: int) -> bool:
    """Say whether the folders at a level are not students yet, but an export's or an exercise's around theirs."""
    if level.files or not level.folders or any(map(_is_exported, level.names)):
        return False
    if all(names.told(name) and not names.without(name) for name in level.folders):
        return True
    if len(level.folders) > 1:
        return False
    ((name, below),) = level.folders.items()
    inner = _level(below, depth + 1)
    if not inner.names:
        return False
    if name == above or _EXPORT.fullmatch(name) or any(map(_is_exported, inner.names)):
        return True
    if not inner.files:
        return len(inner.folders) > 1 and not _PROJECT & {folder.lower() for folder in inner.folders}
    left = [names.without(item.stem) for item in inner.files]
    return len(left) > 1 and len({*left}) == len(left) and all(left) and all(names.told(item.stem) for item in inner.files)


def _is_exported(name: str) -> bool:
    return any(pattern.fullmatch(name) for pattern in (_MOODLE, _CANVAS, _CANVAS_ANONYMOUS, _GRADESCOPE))


def _moodle(name: str) -> Person | None:
    match = _MOODLE.fullmatch(name)
    # The number is of this assignment's participants and means nothing elsewhere; the worksheet spells it this way.
    return Person(match["name"], (f"Participant {match['key']}", match["name"]), match["key"]) if match else None


def _canvas(name: str) -> Person | None:
    if match := _CANVAS.fullmatch(name):
        return Person(match["name"], (match["key"], match["name"]), match["key"])
    match = _CANVAS_ANONYMOUS.fullmatch(name)
    return Person(match["name"], (), match["key"]) if match else None


def _submitter(fields: dict[str, str], folder: str) -> Person:
    keys = tuple(fields[key] for key in ("sid", "email", "name") if key in fields)
    return Person(fields.get("name") or keys[0], keys, fields.get("sid") or fields.get("email") or folder)


def _by_folder(name: str, prefix: str, names: ExerciseNames) -> Person:
    own = name.removeprefix(prefix) or name
    bare = names.without(own) or own
    return Person(bare, tuple(dict.fromkeys((bare, own, name))))


def _by_file(item: Item, names: ExerciseNames) -> Person:
    bare = names.without(item.stem) or item.stem or item.name
    return Person(bare, tuple(dict.fromkeys((bare, item.stem))))


def _assignment(folders: Sequence[str], above: str) -> str:
    """Return what the names of GitHub Classroom's repositories begin with, as `hw1-`: "" where these are no such repositories.

    Two folders may share a first name (ada-smith, ada-jones); three or more, or a number in what is shared, are an assignment.
    """
    exported = _EXPORT.fullmatch(above)
    if exported and exported["assignment"] and any(name.startswith(f"{exported['assignment']}-") for name in folders):
        return f"{exported['assignment']}-"
    words = takewhile(lambda word: len({*word}) == 1, zip(*(name.split("-")[:-1] for name in folders), strict=False))
    shared = "".join(f"{word[0]}-" for word in words)
    if all(name.removeprefix(shared).isdigit() for name in folders):  # group-1, group-2
        return ""
    return shared if len(folders) > 2 or (len(folders) > 1 and any(map(str.isdigit, shared))) else ""


def _latest(items: Sequence[Item], names: ExerciseNames) -> list[Item]:
    """Leave out what a student handed in again: Canvas puts -1, -2 behind the name of the file."""
    latest: dict[tuple[str, ...], tuple[int, Item]] = {}
    kept: list[Item] = []
    for item in items:
        canvas = _CANVAS.fullmatch(item.name)
        if canvas is None:
            kept.append(item)
            continue
        rest = re.sub(r"^[^_]+(?:_LATE)?_\d+_\d+_", "", item.stem)
        again = re.fullmatch(r"(.+)-(\d{1,2})", rest, re.DOTALL)
        if again and names.told(again[1]) != names.told(rest):  # ex-1.py, ex-2.py are two exercises
            again = None
        base, number = (again[1], int(again[2])) if again else (rest, 0)
        key = (*item.parts[:-1], base, item.suffix)
        if key not in latest or latest[key][0] < number:
            latest[key] = number, item
    return kept + [item for _, item in latest.values()]
