"""Who gets how much: the results of a class, by student and exercise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from backprop_check.classroom.results import Result
from backprop_check.classroom.roster import Roster


@dataclass(frozen=True)
class Marks:
    """The marks of a class.

    `best` is, by student and exercise, the result that counts (the best score, the first of equals); `count` how many there were.
    `maximum` is each exercise's full score, in the order of the exercises' names, without those that could not be told.
    """

    best: dict[str, dict[str, Result]]
    count: dict[tuple[str, str], int]
    maximum: dict[str, float]

    @property
    def full(self) -> float:
        return sum(self.maximum.values())

    def score(self, student: str) -> float:
        return sum(result.score for result in self.best[student].values())

    def counted(self, student: str) -> list[Result]:
        """Return the results that count for a student, in the order of the exercises."""
        return [self.best[student][exercise] for exercise in sorted(self.best[student])]


def marks(results: Iterable[Result], roster: Roster | None = None) -> Marks:
    """Return the marks of a class. Of several files for one exercise the best counts; a group's file counts for all its members."""
    results = shared(results, roster)
    best: dict[str, dict[str, Result]] = {}
    count: dict[tuple[str, str], int] = {}
    maximum: dict[str, float] = {}
    for result in results:
        own = best.setdefault(result.student, {})
        before = own.get(result.exercise)
        if before is None or _worth(result) > _worth(before):
            own[result.exercise] = result
        key = result.student, result.exercise
        count[key] = count.get(key, 0) + 1
        if result.exercise:
            maximum[result.exercise] = max(maximum.get(result.exercise, 0.0), result.max_score)
    return Marks(best, count, dict(sorted(maximum.items())))


def shared(results: Iterable[Result], roster: Roster | None) -> list[Result]:
    """Return the results with those of a group given to each of its members that the roster names."""
    spread: list[Result] = []
    for result in results:
        members = roster.members(result.student) if roster else ()
        spread += [replace(result, student=member.label) for member in members] or [result]
    return spread


def students(results: Sequence[Result], roster: Roster | None) -> list[str]:
    """Return all students: those of the roster in its order, then the others by name."""
    results = shared(results, roster)
    listed = [student.label for student in roster.students] if roster else []
    known = set(listed)
    others = {result.student for result in results} - known
    return [*listed, *sorted(others, key=lambda name: (name.casefold(), name))]


def _worth(result: Result) -> tuple[float, bool]:
    return result.score, result.outcome == "judged"
