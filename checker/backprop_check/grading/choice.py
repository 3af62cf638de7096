"""Choose among one student's files those that are submissions, and tell which exercise each answers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from backprop_check.classroom.roll import first
from backprop_check.errors import BadInput
from backprop_check.grading.answered import ExerciseNames
from backprop_check.grading.item import Item
from backprop_check.grading.students import OTHER_KIND, Aside, Group, is_platforms
from backprop_check.grading.words import is_project, is_teachers, is_version, without_copy, words

_BACKWARD = re.compile(rb"^def\s+backward\b", re.MULTILINE)
_BACKWARD_CELL = re.compile(rb'(?:"|\\n)def\s+backward\b|%%backward\b')
_NOTHING = "holds no .py or .ipynb file{} (hidden folders and virtual environments are not searched)"
_TYPED = "was typed in on the platform: no .py or .ipynb file was handed in"
_ANOTHER = "is called like another exercise"
_NAMED = "is not called like the exercise, unlike another file of this student"
_NO_BACKWARD = "has no `backward`, unlike another file of this student"
_SOLUTION = "lies in the course's own solutions"


@dataclass(frozen=True)
class Choice:
    """What is to be taken: answers to `exercise`, or to any. `above` is the name of the source, `read` gives an item's bytes."""

    exercise: str | None
    names: ExerciseNames
    above: str
    read: Callable[[Item], bytes]
    _defining: dict[Item, bool] = field(default_factory=dict, repr=False, compare=False)

    def of(self, group: Group) -> list[tuple[Item, str]]:
        """Return the items taken of a group, each with its exercise ("" when it cannot be told); where none is, items that say why."""
        files = self._files(group)
        taken = self._asked_for(files, group.depth) if self.exercise is not None else self._told(files)
        if taken:
            return taken
        odd = [] if files else [item for item in group.items if (item.why or item.kind == "odd") and item.kind != "other"]
        others = [item for item in group.items if item.kind == "other" and not is_platforms(item)]
        if others and not odd and not files:
            folder = group.folder
            if folder is None or (len(others) == 1 and others[0].parts[: len(folder.parts)] == folder.parts):
                odd = [replace(others[0], why=_TYPED if others[0] in group.typed else OTHER_KIND)]
            else:
                odd = [replace(folder, why=_NOTHING.format(f", only {first([i.name for i in others], '')}"))]
        if not odd and group.folder is not None:
            why = f"holds no file for {self.exercise}" if files else _NOTHING.format("")
            odd = [replace(group.folder, why=group.folder.why or why)]
        if not odd and not files:  # a zip with nothing in it
            odd = [replace(item, why=_NOTHING.format("")) for item in group.items if item.kind == "zip"]
        told = [(item, self._context(item)) for item in odd]
        return [(item, exercise) for item, exercise in told if exercise or self.exercise is None]

    def aside(self, group: Group, taken: Sequence[Item]) -> Iterator[Aside]:
        """Yield what of a group's files is not taken, and why."""
        here = {(item.parts, item.index) for item in taken}
        for item in group.items:
            if (item.parts, item.index) in here or item.kind == "folder" or is_platforms(item) or item in group.typed:
                continue
            if item.kind in ("odd", "zip"):
                if item.why:
                    yield Aside(item, item.why)
            elif item.kind == "other":
                yield Aside(item, OTHER_KIND)
            elif self.exercise is not None and self._is_anothers(item):
                yield Aside(item, _ANOTHER)
            elif "solutions" in item.parts[:-1]:
                yield Aside(item, _SOLUTION)
            elif item.why:
                yield Aside(item, item.why)
            else:
                answered = not self.defines_backward(item) and any(map(self.defines_backward, taken))
                imported = ", which may import it" if item.suffix == ".py" else ""
                yield Aside(item, _NO_BACKWARD + imported if answered else _NAMED)

    def answers(self, group: Group) -> dict[str, list[str]]:
        """Return what the files that may be answers to each exercise, taken or not, or else their folders, are called besides it."""
        called: dict[str, list[str]] = defaultdict(list)
        taken = {item for item, _ in self.of(group)}
        for item in _rather(self._files(group)):
            if (item in taken or self.defines_backward(item)) and (exercise := self._context(item)) == (self.exercise or exercise):
                ways = (self.names.without(part) for part in item.parts[group.depth : -1])
                folder = next((way for way in ways if way and not is_project(way) and not is_version(words(way))), "")
                called[exercise].append(without_copy(self.names.without(item.stem)) or folder)
        return called

    def _files(self, group: Group) -> list[Item]:
        """Return the files called like submissions; where there is none, the text and JSON that turns out to be one."""
        files = [item for item in group.items if item.kind == "file"]
        texts = [item for item in group.items if item.kind == "other" and item.suffix in (".py", ".ipynb") and not is_platforms(item)]
        return files or [item for item in texts if item not in group.typed and self.defines_backward(item)]

    def _asked_for(self, files: Sequence[Item], depth: int) -> list[tuple[Item, str]]:
        """Choose among one student's files those that answer the exercise asked for."""
        assert self.exercise is not None
        mine = [item for item in files if not self._is_anothers(item)]
        if len(mine) > 1:
            named = [item for item in mine if self.exercise in _nearest(item.parts[depth:], self.names.told)]
            mine = _rather(named) or _rather([item for item in mine if self.defines_backward(item)]) or mine
            mine = [item for item in mine if not is_teachers(self.names.without(item.stem)) or self.defines_backward(item)] or mine
        return [(item, self.exercise) for item in mine]

    def _told(self, files: Sequence[Item]) -> list[tuple[Item, str]]:
        """Choose among one student's files those whose names tell an exercise, and those that look like an answer to one."""
        told = {item: self._context(item) for item in files}
        if len(files) < 2:
            return list(told.items())
        by_exercise: dict[str, list[Item]] = defaultdict(list)
        for item, exercise in told.items():
            if exercise or self.defines_backward(item):
                by_exercise[exercise].append(item)
        return [(item, exercise) for exercise, items in by_exercise.items() for item in _rather(items)] or list(told.items())

    def _context(self, item: Item) -> str:
        """Return the exercise an item answers: what is asked for, or the one its name, a folder above it, or the source tells."""
        if self.exercise is not None:
            return self.exercise if not self._is_anothers(item) else ""
        told = _nearest((self.above, *item.parts), self.names.told)
        return next(iter(told)) if len(told) == 1 else ""

    def _is_anothers(self, item: Item) -> bool:
        literal = _nearest(item.parts, self.names.literal)
        return bool(literal) and self.exercise not in literal | _nearest(item.parts, self.names.told)

    def defines_backward(self, item: Item) -> bool:
        if item.why:
            return False
        if item not in self._defining:
            try:
                found = (_BACKWARD_CELL if item.suffix == ".ipynb" else _BACKWARD).search(self.read(item))
            except BadInput:
                found = None
            self._defining[item] = found is not None
        return self._defining[item]


def _nearest(parts: Sequence[str], told: Callable[[str], set[str]]) -> set[str]:
    """Return what the last part tells that tells anything."""
    return next((exercises for part in reversed(parts) if (exercises := told(part))), set())


def _rather(items: list[Item]) -> list[Item]:
    """Leave out the course's own solutions where a student's copy of the course has both."""
    own = [item for item in items if "solutions" not in item.parts[:-1]]
    return own or items
