"""What the name of a file or folder says: which exercise it answers, and what is left when that is taken away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_EDGES = " \t\r\n_-.+,"
_NUMBERED = re.compile(r"([a-z]+)0*(\d+)([a-z]?)", re.IGNORECASE)


def shown(name: str) -> str:
    """Return a name as one printable line: bytes that are no text, control characters and marks that turn the direction are escaped."""
    return "".join(c if c.isprintable() else _escaped(c) for c in name)


@dataclass(frozen=True)
class Pattern:
    """How names say one exercise: `literal` is its id or stem as a word of its own (ex05, ex05_broadcast), `loose` also ex5 and Ex_05."""

    id: str
    literal: re.Pattern[str]
    loose: re.Pattern[str]


@dataclass(frozen=True)
class ExerciseNames:
    """The exercises of a course, as they are found in names."""

    patterns: tuple[Pattern, ...]

    def told(self, name: str) -> set[str]:
        """Return the exercises a name may mean."""
        return {p.id for p in self.patterns if p.loose.search(name)}

    def literal(self, name: str) -> set[str]:
        """Return the exercises a name spells out. Only these are a reason to leave a file out: ex1.py may be a student's own counting."""
        return {p.id for p in self.patterns if p.literal.search(name)}

    def without(self, name: str) -> str:
        """Return a name without the exercise it tells: `ada` for ada_ex05, "" for ex05_broadcast."""
        left = name
        for pattern in self.patterns:
            left = pattern.loose.sub("", left)
        return left.strip(_EDGES) if left != name else name.strip()


def exercise_names(exercises: Mapping[str, str]) -> ExerciseNames:
    """Return the patterns of a course, given the file stem of each id."""
    return ExerciseNames(tuple(Pattern(id, _word(stem, id), _loose(stem, id)) for id, stem in exercises.items()))


def _word(*words: str) -> re.Pattern[str]:
    return _compile(*(re.escape(word) for word in words))


def _loose(stem: str, id: str) -> re.Pattern[str]:
    words = [re.escape(stem), re.escape(id)]
    if numbered := _NUMBERED.fullmatch(id):
        words.append(rf"{numbered[1]}[ _-]?0*{numbered[2]}{numbered[3]}")
    return _compile(*words)


def _compile(*words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(words)})(?![^\W_])", re.IGNORECASE)


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # how Python spells a byte of a file name that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
