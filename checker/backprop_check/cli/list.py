"""`list`: the exercises and how far the learner is, from what is stored; nothing is checked. Of many exercises, first a line a chapter."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import wrap

from backprop_check.cli.asked import EMPTY
from backprop_check.cli.main import complain
from backprop_check.cli.progress import Progress, digest
from backprop_check.cli.screen import room, write
from backprop_check.errors import BadInput, meant, near
from backprop_check.exercise.course import Course, exercise_id, find_course
from backprop_check.exercise.definition import course_exercise
from backprop_check.exercise.ids import numbered
from backprop_check.exercise.outline import Chapter

MARKS = {"correct": "✓", "incorrect": "✗", "missing": "·"}
SIGNS = {"✓": "passed", "✗": "something is wrong", "·": "not passed yet", "!": "cannot be read", "*": "changed since"}
PACKAGED = "These are the exercises of the package; this folder is in no course of your own."
GLANCE = 20
"""Lines that are read at a glance: a longer list is told by its chapters."""

WHOLE = " · more: `list --all`, `list {}`"


def run(args: argparse.Namespace) -> int:
    course = args.course or find_course(Path.cwd())
    if not course.files():
        raise BadInput(EMPTY.format(course.root))
    progress = Progress(None if course.packaged else course.root)
    for trouble in course.troubles()[:1]:
        complain(trouble.replace(f"{Path.cwd()}/", ""))
    rows: dict[str, tuple[str, str]] = {exercise_id(path): row(course, path, progress) for path in course.files()}
    chapters = course.chapters() or [Chapter("", exercises=tuple(rows))]
    if args.chapter:
        chapters = [_meant(" ".join(args.chapter), course)]
    brief = len(rows) + 2 * len(chapters) > GLANCE and len(chapters) > 1 and not args.all
    lines = list(_brief(chapters, rows, progress) if brief else _whole(chapters, rows, progress))
    # Plain text, cut at a terminal's width: a table needs no rich, which would double the time.
    columns = room() or sys.maxsize
    if course.packaged:
        write(f"{PACKAGED}\n\n")
    write("".join(f"{line if len(line) <= columns else line[: columns - 3].rstrip() + '...'}\n" for _, line in lines))
    told = [_legend("".join(signs for signs, _ in lines)), _closing(course, progress)]
    if brief:  # all of it stands on a screen of 24 lines, above the prompt
        told[-1] += WHOLE.format(shlex.quote(min((chapter.title for chapter in chapters if chapter.title), key=len)))
    write(("" if brief else "\n") + "".join(f"{line}\n" for text in told for line in wrap(text, columns)))
    return 0


def _meant(word: str, course: Course) -> Chapter:
    """Return the chapter that has this title or begins so, or one of its words does, or that an exercise of this name is in."""
    chapters, said = course.chapters(), " ".join(word.casefold().split())
    titles = {chapter.title.casefold(): chapter for chapter in chapters if chapter.title}
    begun = [titles[t] for t in titles if t.startswith(said)] or [titles[t] for t in titles if any(w.startswith(said) for w in t.split())]
    if said in titles or len(begun) == 1:
        return titles.get(said) or begun[0]
    if begun:
        raise BadInput(f"{word!r} could be {' or '.join(chapter.title for chapter in begun)}: write more of its title.")
    if numbered(word) or word in {path.stem for path in course.files()}:
        name = exercise_id(course.find(word))
        return next((c for c in chapters if name in c.exercises), None) or Chapter("", exercises=tuple(course.ids()))
    close = [titles[title].title for title in near(said, titles)]
    raise BadInput(f"There is no chapter {word!r}: {meant(close, '`backprop-check list` shows them.')}")


def _whole(chapters: Sequence[Chapter], rows: Mapping[str, tuple[str, str]], progress: Progress) -> Iterator[tuple[str, str]]:
    """Yield a line an exercise, each with the signs in it; above those of a chapter, how much of it is passed and what it is about."""
    for chapter in chapters:
        if chapter.title or len(chapters) > 1:
            yield from [("", "")] if chapter != chapters[0] else []
            after = f"after {', '.join(chapter.rests)}" if chapter.rests else ""
            yield "", " · ".join(filter(None, (f"{_title(chapter)}: {_passed(chapter, progress)}", chapter.about, after)))
        yield from (rows[name] for name in chapter.exercises)


def _brief(chapters: Sequence[Chapter], rows: Mapping[str, tuple[str, str]], progress: Progress) -> Iterator[tuple[str, str]]:
    """Yield a line a chapter; below it all exercises of the chapter that the next one is in, and of others those that were begun."""
    column, most = max(len(_title(chapter)) for chapter in chapters), max(len(chapter.exercises) for chapter in chapters)
    following = next((name for chapter in chapters for name in chapter.exercises if not progress.passed(name)), "")
    for chapter in chapters:
        signs = "".join(rows[name][0][0] for name in chapter.exercises)
        yield signs, f"{_title(chapter):{column}}  {signs:{most}}  {_passed(chapter, progress):8}  {chapter.about}".rstrip()
        for name in chapter.exercises:
            if following in chapter.exercises or not set(rows[name][0]) <= {"✓", "·", " "}:
                yield rows[name][0], f"  {rows[name][1]}"


def _title(chapter: Chapter) -> str:
    return chapter.title or "In no chapter"


def _passed(chapter: Chapter, progress: Progress) -> str:
    return f"{sum(map(progress.passed, chapter.exercises))} of {len(chapter.exercises)}"


def row(course: Course, path: Path, progress: Progress) -> tuple[str, str]:
    """Return the signs in the line of an exercise, and the line: mark, id, how many gradients are right (a star: changed since), title."""
    name = exercise_id(path)
    try:
        exercise = course_exercise(course, path)
    except BadInput:
        return "!", f"! {name:6} cannot be read: `backprop-check {name}` says why"
    stored = progress.of(name)
    targets = stored.get("targets", {})
    right = sum(targets.get(target.name) == "correct" for target in exercise.targets)
    mark = MARKS[progress.state(name)]
    changed = "*" if stored.get("digest") not in (None, digest(path.read_bytes())) else " "
    return mark + changed, f"{mark} {name:6} {right:2}/{len(exercise.targets):<2}{changed} {exercise.title}"


def _legend(signs: str) -> str:
    """Explain the signs that are there."""
    return ", ".join([*(f"{sign} {means}" for sign, means in SIGNS.items() if sign in signs), "1/4 gradients right"])


def _closing(course: Course, progress: Progress) -> str:
    if course.packaged:
        return "`backprop-check init my-course` makes a course of your own."
    ids = course.ids()
    passed = [name for name in ids if progress.passed(name)]
    open_ones = [name for name in ids if name not in passed]
    following = f" · next: `backprop-check {open_ones[0]}`" if open_ones else ""
    return f"{len(passed)} of {len(ids)} passed{following}"
