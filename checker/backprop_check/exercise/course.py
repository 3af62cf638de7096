"""Find the course, its exercises and their solutions. Nothing here needs torch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from backprop_check.errors import BadInput, meant, near

_FILE = re.compile(r"(ex(\d+)([a-z]?))_\w+\.py")
_ASKED = re.compile(r"(?:ex)?0*(\d{1,9})([a-z]?)", re.IGNORECASE)
_PACKAGE = Path(__file__).resolve().parents[1]
_CHECKOUT = _PACKAGE.parents[1]


@dataclass(frozen=True)
class Course:
    """A folder of exercises. `solutions` mirrors `exercises` file by file; `packaged` says that it is not the learner's own."""

    root: Path
    exercises: Path
    solutions: Path
    packaged: bool

    def files(self) -> list[Path]:
        """Return the exercise files in order: ex01, ex01b, ex02 and so on."""
        return sorted((p for p in self.exercises.glob("ex*.py") if is_exercise_name(p.name)), key=_order)

    def ids(self) -> list[str]:
        return [exercise_id(path) for path in self.files()]

    def find(self, name: str) -> Path:
        """Return the exercise that `name` means: ex05, 5, 05, ex05_broadcast. Raises `BadInput` naming ids near it."""
        files = self.files()
        found = [path for path in files if path.stem == name]
        if not found and (asked := _ASKED.fullmatch(name)):
            wanted = (int(asked[1]), asked[2].lower())
            found = [path for path in files if _order(path)[:2] == wanted]
        if len(found) == 1:
            return found[0]
        if found:
            raise BadInput(f"{name} could be {' or '.join(path.name for path in found)}: name the file.")
        lost = self.lost(name)
        instead = f"`backprop-check reset {exercise_id(lost)}` writes {lost.name} anew." if lost else _instead(name, files)
        raise BadInput(f"There is no exercise {name!r} in {self.exercises}: {instead}")

    def lost(self, name: str) -> Path | None:
        """Return where the exercise that `name` means would be, if the package has it and this course no more."""
        there = self.ids()
        missing = [path for path in packaged_course().files() if means(name, exercise_id(path)) and exercise_id(path) not in there]
        return self.exercises / missing[0].name if missing and not self.packaged else None

    def solution(self, exercise: Path) -> Path:
        """Return the solution that mirrors an exercise file: the course's own, else the package's. Raises `BadInput` when there is none."""
        candidates = [folder / exercise.name for folder in (self.solutions, packaged_course().solutions)]
        found = next((path for path in candidates if path.is_file()), None)
        if found is None or exercise.parent.resolve() != self.exercises.resolve():
            raise BadInput(f"There is no solution for {exercise.name}: solutions/ of its course holds none of that name.")
        return found


def find_course(start: Path) -> Course:
    """Return the course `start` lies in, else the one that came with the package."""
    start = start.absolute()
    for folder in (start, *start.parents):
        if has_exercises(folder / "exercises"):
            own = folder / "solutions"
            return Course(folder, folder / "exercises", own if own.is_dir() else packaged_course().solutions, packaged=False)
    return packaged_course()


def packaged_course() -> Course:
    """Return the course inside the installed package or, in a checkout, the one beside it."""
    inside = _PACKAGE / "_course"
    root = inside if inside.is_dir() else _CHECKOUT
    return Course(root, root / "exercises", root / "solutions", packaged=True)


def locate(name: str, start: Path) -> tuple[Course, Path]:
    """Return the exercise file that `name` means and its course: an id of the course around `start`, or the path of a .py file anywhere."""
    if name.endswith(".py") or "/" in name:
        path = Path(name)
        return find_course(path.parent), path
    course = find_course(start)
    return course, course.find(name)


def exercise_id(path: Path) -> str:
    """Return what an exercise file is called: `ex05` for ex05_broadcast.py, else its stem."""
    match = _FILE.fullmatch(path.name)
    return match[1] if match else path.stem


def is_exercise_name(name: str) -> bool:
    """Whether a file of this name is an exercise of its folder: `ex05_broadcast.py`."""
    return _FILE.fullmatch(name) is not None


def names_exercise(name: str) -> bool:
    """Whether a word of a command line can only mean an exercise, there or not: an id, a file's name or a path."""
    return _ASKED.fullmatch(name) is not None or Path(name).suffix in (".py", ".ipynb") or is_exercise_name(f"{name}.py") or "/" in name


def means(name: str, exercise: str) -> bool:
    """Whether `name`, as people name an exercise (5, ex05, ex05_broadcast, a path), means the exercise with that id."""
    own = exercise_id(Path(name if name.endswith(".py") else f"{name}.py"))
    asked, wanted = _ASKED.fullmatch(own), _ASKED.fullmatch(exercise)
    if asked is None or wanted is None:
        return own == exercise
    return (int(asked[1]), asked[2].lower()) == (int(wanted[1]), wanted[2].lower())


def next_number(course: Course) -> int:
    return max((_order(path)[0] for path in course.files()), default=0) + 1


def has_exercises(folder: Path) -> bool:
    try:
        return any(is_exercise_name(p.name) for p in folder.glob("ex*.py"))
    except OSError:
        return False


def _order(path: Path) -> tuple[int, str, str]:
    match = _FILE.fullmatch(path.name)
    assert match is not None
    return int(match[2]), match[3], path.name


def _instead(name: str, files: list[Path]) -> str:
    if not files:
        return "it holds none."
    ids = {exercise_id(path): exercise_id(path) for path in files} | {path.stem: exercise_id(path) for path in files}
    there_are = f"there are {exercise_id(files[0])} to {exercise_id(files[-1])} (`backprop-check list`)."
    return meant(dict.fromkeys(ids[n] for n in near(name.lower(), ids)), there_are)
