"""How far a class is in the chapters of its course. Values in, plain data out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from backprop_check.classroom.formats.marks import Marks, marks
from backprop_check.classroom.results import Result
from backprop_check.exercise.outline import Chapter


def with_chapters(results: Sequence[Result], chapters: Sequence[Chapter]) -> list[Result]:
    """Return the results, each with the title of its exercise's chapter, where it has one: formats have room for it."""
    of = _titles(chapters)
    return [replace(result, chapter=of.get(result.exercise, "")) for result in results]


def placed(exercise: str, chapters: Sequence[Chapter]) -> tuple[int, str]:
    """Return by what exercises are sorted: in the order of the chapters, else by their ids."""
    order = {name: at for at, name in enumerate(name for chapter in chapters for name in chapter.exercises)}
    return order.get(exercise, len(order)), exercise


def progress(results: Sequence[Result], chapters: Sequence[Chapter]) -> list[dict[str, Any]]:
    """Return, of each chapter of which something was handed in, how many students have all of it right that is graded, and the average.

    A student's share is of the points of all exercises of the chapter that anybody handed in; it counts where one of them is the student's.
    """
    if len({result.exercise for result in results if result.exercise}) < 2:
        return []
    counted = marks(results)
    told = []
    for chapter in chapters:
        graded = [name for name in chapter.exercises if name in counted.maximum]
        shares = [share for own in counted.best.values() if (share := _share(own, graded, counted)) is not None]
        if chapter.title and shares:
            told.append(
                {
                    "title": chapter.title,
                    "about": chapter.about,
                    "exercises": graded,
                    "of": len(chapter.exercises),
                    "students": len(shares),
                    "whole": sum(share == 1 for share in shares),
                    "average": round(sum(shares) / len(shares), 4),
                }
            )
    return told


def _share(own: Mapping[str, Result], graded: Sequence[str], counted: Marks) -> float | None:
    handed_in = [own[name] for name in graded if name in own]
    full = sum(counted.maximum[name] for name in graded)
    if not handed_in or not full:
        return None
    whole = len(handed_in) == len(graded) and all(result.score == result.max_score for result in handed_in)
    return 1.0 if whole else sum(result.score for result in handed_in) / full


def _titles(chapters: Sequence[Chapter]) -> dict[str, str]:
    return {name: chapter.title for chapter in chapters for name in chapter.exercises}
