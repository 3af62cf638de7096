"""Choose among one student's files those that are submissions, and tell which exercise each answers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from backprop_check.errors import BadInput
from backprop_check.grading.answered import ExerciseNames
from backprop_check.grading.item import Item
from backprop_check.grading.students import Group

_BACKWARD = re.compile(rb"^def\s+backward\b", re.MULTILINE)
_BACKWARD_CELL = re.compile(rb'(?:"|\\n)def\s+backward\b|%%backward\b')
_NOTHING = "holds no .py or .ipynb file (hidden folders and virtual environments are not searched)"
_ZIPPED = "is a zip inside the submissions: unpack it there, and grade again"


@dataclass(frozen=True)
class Choice:
    """What is to be taken: answers to `exercise`, or to any. `above` is the name of the source, `read` gives an item's bytes."""

    exercise: str | None
    names: ExerciseNames
    above: str
    read: Callable[[Item], bytes]

    def of(self, group: Group) -> list[tuple[Item, str]]:
        """Return the items taken of a group, each with its exercise ("" when it cannot be told); where none is, items that say why."""
        files = [item for item in group.items if item.kind == "file"]
        taken = self._asked_for(files, group.depth) if self.exercise is not None else self._told(files)
        if taken:
            return taken
        odd = [] if files else [item for item in group.items if item.why or item.kind == "zip"]
        if group.folder is not None and not odd:
            odd = [replace(group.folder, why=f"holds no file for {self.exercise}" if files else _NOTHING)]
        told = [(replace(item, why=item.why or _ZIPPED), self._context(item)) for item in odd]
        return [(item, exercise) for item, exercise in told if exercise or self.exercise is None]

    def _asked_for(self, files: Sequence[Item], depth: int) -> list[tuple[Item, str]]:
        """Choose among one student's files those that answer the exercise asked for."""
        assert self.exercise is not None
        mine = [item for item in files if not self._is_anothers(item)]
        if len(mine) > 1:
            named = [item for item in mine if self.exercise in _nearest(item.parts[depth:], self.names.told)]
            mine = _rather(named) or _rather([item for item in mine if self.defines_backward(item)]) or mine
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
        try:
            raw = self.read(item)
        except BadInput:
            return False
        return bool((_BACKWARD_CELL if item.suffix == ".ipynb" else _BACKWARD).search(raw))


def _nearest(parts: Sequence[str], told: Callable[[str], set[str]]) -> set[str]:
    """Return what the last part tells that tells anything."""
    return next((exercises for part in reversed(parts) if (exercises := told(part))), set())


def _rather(items: list[Item]) -> list[Item]:
    """Leave out the course's own solutions where a student's copy of the course has both."""
    own = [item for item in items if "solutions" not in item.parts[:-1]]
    return own or items
