"""Find the course, its exercises and their solutions. Nothing here needs torch."""

from __future__ import annotations

import importlib.util
import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from backprop_check.errors import BadInput, meant, near
from backprop_check.exercise.ids import drawn_name, exercise_id, in_order, is_exercise_name, means, names_exercise, numbered
from backprop_check.exercise.outline import FILE, Chapter, Outline, Points, arranged, mismatches, read_outline

__all__ = [
    "Course",
    "course_at",
    "exercise_id",
    "find_course",
    "has_exercises",
    "is_exercise_name",
    "locate",
    "means",
    "names_exercise",
    "next_number",
    "packaged_course",
]

_PACKAGE = Path(__file__).resolve().parents[1]
_CHECKOUT = _PACKAGE.parents[1]
_OURS = ("backprop_check", "backprop-check")
CHECKPOINTS = "checkpoints"
STORE = ".backprop-check"
"""The folder of a learner's course in which is kept what they need not see."""

PRACTICE = "practice"


@dataclass(frozen=True)
class Course:
    """A folder of exercises. `solutions` mirrors `exercises` file by file; `packaged` says that it is not the learner's own."""

    root: Path
    exercises: Path
    solutions: Path
    packaged: bool
    package: str = ""
    """What an installed package is called that holds it."""
    drawn: bool = False
    """Whether its exercises are those that `practice` drew: p0001 and so on, in no chapter and of no other course."""

    @property
    def place(self) -> str:
        """What names it where another is made from it."""
        return self.package or str(self.root)

    @property
    def practice(self) -> Course:
        """What `practice` drew in it. Solutions are kept where a learner does not come upon them."""
        return Course(self.root, self.root / PRACTICE, self.root / STORE / PRACTICE, packaged=False, drawn=True)

    @cached_property
    def outline(self) -> Outline | None:
        """What its own `course.toml` says, None where it has none."""
        return None if self.drawn else read_outline(self.root)

    @property
    def implied(self) -> bool:
        """Whether nothing says where its exercises came from: `init` makes such a course of the package's."""
        return not self.packaged and not self.drawn and self.outline is None

    @cached_property
    def origin(self) -> Course | None:
        """The course that its exercises came from; None where there is none, or where it is gone."""
        if self.packaged or self.drawn:
            return None
        if self.outline is None:
            return packaged_course()
        return course_at(self.outline.origin, self.root) if self.outline.origin else None

    @property
    def gone(self) -> str:
        """What is said where the course that this one was made from is not there."""
        came = self.outline.origin if self.outline is not None and self.origin is None else ""
        return f"its course came from {came}, which holds no course now (`from` in {FILE} says where it is)" if came else ""

    def sources(self) -> Iterator[Course]:
        """Yield the course, the one that it was made from, and so on."""
        course, seen = self, set[Path]()
        while course.root not in seen:
            yield course
            seen.add(course.root)
            course = course.origin or course

    def originals(self) -> list[Path]:
        """Return where its exercises are or would be: all that are there, and those of which there is only a solution."""
        solved = [self.exercises / p.name for p in self.solutions.glob("ex*.py") if is_exercise_name(p.name)]
        return sorted({*self._sorted(), *solved}, key=in_order)

    def has(self, file: str) -> bool:
        """Whether an exercise's file of that name is here, or its solution."""
        return (self.exercises / file).is_file() or (self.solutions / file).is_file()

    @cached_property
    def title(self) -> str:
        return next((outline.title for source in self.sources() if (outline := source.outline) and outline.title), "")

    def chapters(self) -> list[Chapter]:
        """Return the chapters of `course.toml`, else of the course this one was made from, as `arranged`; none where neither has any."""
        for source in self.sources():
            if source.outline is not None and source.outline.chapters:
                files = {exercise_id(path): path.name for path in self._sorted()}
                return arranged(source.outline, files, [name for name, file in files.items() if source is self or source.has(file)])
        return []

    def troubles(self) -> list[str]:
        """Return what is wrong with `course.toml`, a line each: its own, and of the course that this one was made from."""
        told = [trouble for source in self.sources() if source.outline is not None for trouble in source.outline.troubles]
        if self.outline is not None:
            told += [f"{self.root / FILE}: {mismatch}" for mismatch in mismatches(self.outline, [exercise_id(p) for p in self._sorted()])]
            lost = [c for c in self.outline.chapters if c.checkpoint and self.checkpoint(c.checkpoint) is None]
            told += [f"{self.root / FILE}: the chapter {c.title!r} names {CHECKPOINTS}/{c.checkpoint}.py: write it." for c in lost]
        return [*told, *([f"{self.root / FILE}: {self.gone}."] if self.gone else [])]

    def chapter(self, exercise: str) -> Chapter | None:
        """Return the chapter of an exercise; None where it is in none."""
        return next((chapter for chapter in self.chapters() if chapter.title and exercise in chapter.exercises), None)

    def checkpoint(self, name: str) -> Path | None:
        """Return the file of a chapter's checkpoint, of the course itself or of the one it was made from; None where there is none."""
        files = (source.root / CHECKPOINTS / f"{name}.py" for source in self.sources())
        return next((path for path in files if path.is_file()), None)

    def points(self, exercise: Path) -> Points | None:
        """Return what the outline says that an exercise of the course is worth, if it does."""
        name = exercise_id(exercise)
        for source in self.sources() if self._holds(exercise) else ():
            if source.outline is not None and name in source.outline.points and (source is self or source.has(exercise.name)):
                return source.outline.points[name]
        return None

    def files(self) -> list[Path]:
        """Return the exercise files in order: chapter by chapter, else ex01, ex01b, ex02 and so on."""
        place = {name: at for at, name in enumerate(name for chapter in self.chapters() for name in chapter.exercises)}
        return sorted(self._sorted(), key=lambda path: place.get(exercise_id(path), 0))

    def _sorted(self) -> list[Path]:
        if self.drawn:
            return sorted(p for p in self.exercises.glob("p*.py") if drawn_name(p.stem) == p.stem)
        return sorted((p for p in self.exercises.glob("ex*.py") if is_exercise_name(p.name)), key=in_order)

    def ids(self) -> list[str]:
        return [exercise_id(path) for path in self.files()]

    @property
    def span(self) -> str:
        """The first and the last id, by their numbers."""
        files = self._sorted()
        return f"{exercise_id(files[0])} to {exercise_id(files[-1])}"

    def find(self, name: str) -> Path:
        """Return the exercise that `name` means: ex05, 5, 05, ex05_broadcast. Raises `BadInput` naming ids near it."""
        files = self.files()
        found = [path for path in files if path.stem == (drawn_name(name) if self.drawn else name)]
        if not found and (wanted := numbered(name)):
            found = [path for path in files if in_order(path)[:2] == wanted]
        if len(found) == 1:
            return found[0]
        if found:
            raise BadInput(f"{name} could be {' or '.join(path.name for path in found)}: name the file.")
        lost = self.lost(name)
        instead = f"`backprop-check reset {exercise_id(lost)}` writes {lost.name} anew." if lost else self._instead(name, files)
        raise BadInput(f"There is no exercise {name!r} in {self.exercises}: {instead}")

    def _instead(self, name: str, files: list[Path]) -> str:
        if not files:
            return "`backprop-check practice` draws one." if self.drawn else "it holds none."
        ids = {exercise_id(path): exercise_id(path) for path in files} | {path.stem: exercise_id(path) for path in files}
        return meant(dict.fromkeys(ids[n] for n in near(name.lower(), ids)), f"there are {self.span} (`backprop-check list`).")

    def lost(self, name: str) -> Path | None:
        """Return where the exercise that `name` means would be, if the course this one was made from has it and this one no more."""
        there = self.ids()
        missing = [
            path
            for source in self.sources()
            if source is not self
            for path in source.files()
            if means(name, exercise_id(path)) and exercise_id(path) not in there
        ]
        return self.exercises / missing[0].name if missing else None

    def solution(self, exercise: Path) -> Path:
        """Return the solution that mirrors an exercise file: of the course itself, else of the one it was made from. Raises `BadInput`."""
        found = self._mirrored(exercise, (source.solutions for source in self.sources()))
        if found is None:
            raise BadInput(f"There is no solution for {exercise.name}: {self.gone or 'solutions/ of its course holds none of that name'}.")
        return found

    def original(self, exercise: Path) -> Path:
        """Return the file that says what an exercise asks: its solution, else the exercise of the course that this one was made from.

        Raises `BadInput` when there is none, as `solution` does.
        """
        try:
            return self.solution(exercise)
        except BadInput:
            found = self._mirrored(exercise, (source.exercises for source in self.sources() if source is not self))
            if found is None:
                raise
            return found

    def practised(self, path: Path) -> bool:
        """Whether a file is one that `practice` drew in this course."""
        return not self.packaged and drawn_name(path.stem) == path.stem and self.practice._holds(path)

    def _holds(self, exercise: Path) -> bool:
        return exercise.parent.resolve() == self.exercises.resolve()

    def _mirrored(self, exercise: Path, folders: Iterator[Path]) -> Path | None:
        if not self._holds(exercise):
            return None
        return next((path for folder in folders if (path := folder / exercise.name).is_file()), None)


def find_course(start: Path) -> Course:
    """Return the course `start` lies in, else the one that came with the package. Raises `BadInput` where it may not be looked into."""
    start = start.absolute()
    for folder in (start, *start.parents):
        exercises, outlined = folder / "exercises", (folder / FILE).is_file()
        if not has_exercises(exercises) and (outlined or folder == start or (folder / STORE).is_dir()):
            _look_into(exercises)
        if outlined or has_exercises(exercises):
            return _course(folder)
    return packaged_course()


def _look_into(exercises: Path) -> None:
    """Raise `BadInput` where there are exercises, and this user may not see which: `Path.glob` finds none then."""
    try:
        os.scandir(exercises).close()
    except PermissionError as error:
        give = f"as by `chmod u+rwx {shlex.quote(str(exercises))}`" if os.name == "posix" else "in its properties"
        raise BadInput(f"{exercises} may not be looked into ({error.strerror}): give yourself the right to, {give}.") from None
    except OSError:  # there is no such folder
        return


def course_at(place: str, around: Path | None = None) -> Course | None:
    """Return the course that a folder (seen from `around`) holds, or an installed package of that name; None where it holds none."""
    if place in _OURS:
        return packaged_course()
    folder = (around or Path.cwd()) / place
    if folder.is_dir():
        return _course(folder.resolve()) if (folder / FILE).is_file() else None
    found = next((folder for folder in _of_package(place) if (folder / FILE).is_file()), None)
    return replace(_course(found), package=place) if found else None


def _course(folder: Path) -> Course:
    course = Course(folder, folder / "exercises", folder / "solutions", packaged=False)
    if course.solutions.is_dir() or course.origin is None:
        return course
    return replace(course, solutions=course.origin.solutions)


def _of_package(name: str) -> list[Path]:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):  # a path is no name of a package
        return []
    return [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []


def packaged_course() -> Course:
    """Return the course inside the installed package or, in a checkout, the one beside it."""
    inside = _PACKAGE / "_course"
    root = inside if inside.is_dir() else _CHECKOUT
    return Course(root, root / "exercises", root / "solutions", packaged=True, package=_OURS[0])


def locate(name: str, start: Path) -> tuple[Course, Path]:
    """Return the exercise file that `name` means and its course: an id of the course around `start`, or the path of a .py file anywhere."""
    if name.endswith(".py") or "/" in name:
        path = Path(name)
        course = find_course(path.parent)
        if path.name == name and not path.exists() and name in (file.name for file in course.files()):
            path = course.exercises / name  # an editor shows the file's name alone
        return course.practice if course.practised(path) else course, path
    course = find_course(start)
    if drawn_name(name) is not None and not course.packaged:
        course = course.practice
    return course, course.find(name)


def next_number(course: Course) -> int:
    return max((in_order(path)[0] for path in course.files()), default=0) + 1


def has_exercises(folder: Path) -> bool:
    try:
        return any(is_exercise_name(p.name) for p in folder.glob("ex*.py"))
    except OSError:
        return False
