"""`course.toml`: what a course says of itself, and what is wrong with that. Nothing here needs torch."""

from __future__ import annotations

import math
import tomllib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from backprop_check.errors import BadInput, meant, near
from backprop_check.files import read_text

FILE = "course.toml"
KEYS = ("title", "from", "points", "chapter")
CHAPTER_KEYS = ("title", "about", "exercises", "rests", "checkpoint")

Points = float | Mapping[str, float]
"""What an exercise is worth as a whole, or what each of its gradients is."""


@dataclass(frozen=True)
class Chapter:
    """Exercises by their ids, in order. `about` is a line on what they are about; `rests` are the titles of chapters taken for known.

    `checkpoint` names the file in `checkpoints/` that trains with what was written, empty where there is none.
    """

    title: str
    about: str = ""
    exercises: tuple[str, ...] = ()
    rests: tuple[str, ...] = ()
    checkpoint: str = ""


@dataclass(frozen=True)
class Outline:
    """What `course.toml` says. `origin` is the folder or the package that a learner's course was made from, `points` are by exercise.

    `troubles` say, a line each, what of the file could not be used; the rest of it is. `unweighed` is the first for which it is not known
    what exercises are worth.
    """

    title: str = ""
    origin: str = ""
    chapters: tuple[Chapter, ...] = ()
    points: Mapping[str, Points] = field(default_factory=dict)
    troubles: tuple[str, ...] = ()
    unweighed: str = ""


def read_outline(folder: Path) -> Outline | None:
    """Return what the `course.toml` of a folder says, None where it has none."""
    path = folder / FILE
    if not path.exists():
        return None
    try:
        data = tomllib.loads(read_text(path, "course's outline", FILE))
    except BadInput as error:
        return _unread(str(error))
    except (ValueError, RecursionError) as error:  # TOML that is none
        return _unread(f"{path} is no TOML: {error}.")
    troubles: list[str] = []
    troubles += _unknown("", data, KEYS)
    said = data.get("chapter", [])
    if not isinstance(said, list) or not all(isinstance(each, dict) for each in said):
        troubles.append("chapters are written as `[[chapter]]`, each with `title` and `exercises`.")
        said = []
    chapters = tuple(chapter for number, each in enumerate(said, 1) if (chapter := _chapter(each, number, troubles)) is not None)
    troubles += _in_order(chapters)
    title, origin = _text(data, "title", "the title", troubles), _text(data, "from", "`from`", troubles)
    wrong: list[str] = []
    points = _points(data.get("points", {}), wrong)
    told = tuple(f"{path}: {trouble}" for trouble in (*wrong, *troubles))
    return Outline(title, origin, chapters, points, told, told[0] if wrong else "")


def _unread(trouble: str) -> Outline:
    return Outline(troubles=(trouble,), unweighed=trouble)


def arranged(outline: Outline, ids: Collection[str], known: Collection[str]) -> list[Chapter]:
    """Return the chapters with those of the exercises `ids` that they name and that are `known` to be meant, each in the first that names
    it, and last one without a title for the others. Chapters without any are left out.
    """
    left = dict.fromkeys(ids)
    told = []
    for chapter in outline.chapters:
        here = tuple(name for name in dict.fromkeys(chapter.exercises) if name in known and name in left)
        for name in here:
            del left[name]
        told += [replace(chapter, exercises=here)] if here else []
    return [*told, *([Chapter("", exercises=tuple(left))] if told and left else [])]


def mismatches(outline: Outline, ids: Sequence[str]) -> Iterator[str]:
    """Yield what does not fit between the outline and the exercises that are there, by their ids."""
    named = Counter(name for chapter in outline.chapters for name in chapter.exercises)
    for chapter in outline.chapters:
        for name in dict.fromkeys(chapter.exercises):
            if name not in ids:
                yield f"the chapter {chapter.title!r} names {name}, which is not there: {_instead(name, ids)}"
    yield from (f"{name} stands in it {times} times: leave one." for name, times in named.items() if times > 1)
    if outline.chapters:
        yield from (f"{name} is in no chapter: name it in one." for name in ids if name not in named)
    yield from unknown_exercises(outline, ids)


def unknown_exercises(outline: Outline, ids: Sequence[str]) -> Iterator[str]:
    """Yield what `points` say of exercises that are not there."""
    yield from (f"`points` names {name}, which is not there: {_instead(name, ids)}" for name in outline.points if name not in ids)


def unknown_gradients(points: Points | None, exercise: str, gradients: Collection[str]) -> Iterator[str]:
    """Yield what `points` say of an exercise that is not about any of its `gradients`."""
    for name in points if isinstance(points, Mapping) else ():
        if name not in gradients:
            instead = meant(near(name, gradients), f"it asks for {', '.join(gradients)}.")
            yield f"`points` names {name}, which {exercise} does not ask for: {instead}"


def _chapter(data: Mapping[str, Any], number: int, troubles: list[str]) -> Chapter | None:
    title = _text(data, "title", f"the title of chapter {number}", troubles)
    if not title:
        troubles.append(f'chapter {number} has no title: give it one, as title = "Broadcasting".')
        return None
    troubles += _unknown(f" of the chapter {title!r}", data, CHAPTER_KEYS)
    about = _text(data, "about", f"`about` of the chapter {title!r}", troubles)
    exercises, rests = (_texts(data, key, title, troubles) for key in ("exercises", "rests"))
    if not exercises:
        troubles.append(f'the chapter {title!r} has no exercises: name them, as exercises = ["ex05"].')
    return Chapter(title, about, exercises, rests, _text(data, "checkpoint", f"`checkpoint` of the chapter {title!r}", troubles))


def _in_order(chapters: Sequence[Chapter]) -> Iterator[str]:
    """Yield what chapters rest on that does not stand before them, and titles used twice."""
    before: list[str] = []
    for chapter in chapters:
        if chapter.title in before:
            yield f"two chapters are called {chapter.title!r}: give one another title."
        for name in chapter.rests:
            if name not in before:
                known = name in (other.title for other in chapters)
                instead = "put that one before it." if known else meant(near(name, before), "name the title of a chapter before it.")
                yield f"the chapter {chapter.title!r} rests on {name!r}, which is no chapter before it: {instead}"
        before.append(chapter.title)


def _points(data: Any, troubles: list[str]) -> dict[str, Points]:
    points: dict[str, Points] = {}
    for exercise, worth in data.items() if isinstance(data, dict) else [("", data)]:
        if _is_worth(worth):
            points[exercise] = float(worth)
        elif exercise and isinstance(worth, dict) and worth and all(map(_is_worth, worth.values())):
            points[exercise] = {name: float(each) for name, each in worth.items()}
        else:
            troubles.append(f"`points` says what an exercise is worth, or its gradients, as ex05 = 4 or ex05.dprobs = 2, not {worth!r}.")
    return points


def _is_worth(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0


def _text(data: Mapping[str, Any], key: str, what: str, troubles: list[str]) -> str:
    value = data.get(key, "")
    if isinstance(value, str):
        return " ".join(value.split())
    troubles.append(f"{what} is a text in quotes, not {value!r}.")
    return ""


def _texts(data: Mapping[str, Any], key: str, title: str, troubles: list[str]) -> tuple[str, ...]:
    values = data.get(key, [])
    if isinstance(values, list) and all(isinstance(value, str) for value in values):
        return tuple(values)
    troubles.append(f'`{key}` of the chapter {title!r} is a list of texts in quotes, as {key} = ["..."].')
    return ()


def _unknown(where: str, data: Mapping[str, Any], keys: Sequence[str]) -> Iterator[str]:
    for key in data:
        if key not in keys:
            yield f"`{key}`{where} means nothing: {meant(near(key, keys), 'there are ' + ', '.join(keys) + '.')}"


def _instead(name: str, ids: Sequence[str]) -> str:
    return meant(near(name, ids), "write it, or take it out.")
