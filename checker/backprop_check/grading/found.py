"""Find the submissions in a folder or zip, and whose each is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from backprop_check.classroom.roster import Roster, joined
from backprop_check.errors import BadInput
from backprop_check.grading.answered import exercise_names, shown
from backprop_check.grading.archive import Archive
from backprop_check.grading.beside import NOTHING, Beside, beside, carried
from backprop_check.grading.called import called
from backprop_check.grading.choice import Choice
from backprop_check.grading.doubt import doubt
from backprop_check.grading.folder import Folder
from backprop_check.grading.item import Item, kind_of
from backprop_check.grading.levels import Levels
from backprop_check.grading.metadata import LARGEST_METADATA, read_submitters
from backprop_check.grading.nested import Nested
from backprop_check.grading.packed import Unopened
from backprop_check.grading.single import one_group
from backprop_check.grading.students import Aside, Students
from backprop_check.grading.tree import tree

_UNTOLD = "does not say which exercise it answers: put its id into the name, or {advice}"
ADVICE = "grade with --exercise"


@dataclass(frozen=True)
class Found:
    """A submission, not read yet.

    `submission` is its path below the source: printable and unique. `student` is the roster's label where one fits, `exercise` an id or "".
    `trouble` says why it is not run at all, "" when it is; `refused` that opening it would be unsafe. `item` is where it lies, `beside` are
    the student's other Python files, by the path at which this one may import them.
    """

    submission: str
    student: str
    exercise: str
    suffix: str
    trouble: str
    refused: bool
    item: Item = field(repr=False)
    beside: Beside = field(default=NOTHING, repr=False, compare=False)


@dataclass(frozen=True)
class Left:
    """Something that is not taken for a submission: its printable path, and why."""

    path: str
    why: str


@dataclass(frozen=True)
class Survey:
    """What a source holds: the submissions, sorted, and what is none. `doubt` says that several files seem one student's, else "";
    `guessed` whose work a part of a name alone tells, as written and as taken; `paths` are those of all files that may be submissions.
    """

    found: tuple[Found, ...]
    aside: tuple[Left, ...]
    doubt: str = ""
    guessed: tuple[tuple[str, str], ...] = ()
    paths: frozenset[str] = field(default=frozenset(), repr=False)


def find(
    source: Path,
    exercise: str | None,
    exercises: Mapping[str, str],
    roster: Roster | None = None,
    exclude: Path | None = None,
    single: bool = False,
    advice: str = ADVICE,
) -> tuple[Found, ...]:
    """Return the submissions in `source`, as `survey` does."""
    return survey(source, exercise, exercises, roster, exclude, single, advice).found


def survey(
    source: Path,
    exercise: str | None,
    exercises: Mapping[str, str],
    roster: Roster | None = None,
    exclude: Path | None = None,
    single: bool = False,
    advice: str = ADVICE,
) -> Survey:
    """Look through `source` (a folder, a zip, or one file) for submissions to `exercise`, or to what their names tell.

    `exercises` gives the file stem of each id of the course; `exclude`, the output folder, is passed over; `single` says that all is one
    student's, who has a submission even where there is no file; `advice` is how to say which exercise is meant. Raises `BadInput` when
    there is no such source, it holds nothing, or it is the output folder.
    """
    if exclude is not None and source.exists() and exclude.resolve() == source.resolve():
        raise BadInput(f"{exclude} holds the submissions: name another folder for the results (--out).")
    if exercise is not None:
        exercises = {exercise: exercises.get(exercise, exercise), **exercises}
    names = exercise_names(exercises)
    with _opened(source, exclude) as store:
        items = sorted(store.items(), key=lambda item: (item.parts, item.index))
        above = source.resolve().name if source.is_dir() else source.stem
        inside = [item for item in items if item.kind != "unsafe"]
        choice = Choice(exercise, names, above, store.read)
        groups, aside = [one_group(inside, source)], list[Aside]()
        if not single:
            levels = Levels(names, choice.defines_backward, _known(roster, weak=False), _known(roster, weak=True))
            parted = Students(levels, names, lambda item: read_submitters(store.read(item, LARGEST_METADATA)), store.read, [], [])
            parted.part(tree(inside), above)
            groups, aside = parted.groups, parted.aside
        # Beside the one file that was named may lie those of others: no answer is borrowed from there.
        named = store.base if isinstance(store.base, Folder) and store.base.only is not None else None
        near = [item for item in named.near() if not choice.defines_backward(item)] if named is not None else None
        found: list[Found] = []
        people = called(groups, roster)
        students = people.labels
        chosen = [choice.of(g) for g in groups]
        readable = {student for student, taken in zip(students, chosen, strict=True) if any(not item.why for item, _ in taken)}
        for g, student, taken in zip(groups, students, chosen, strict=True):
            if student in readable:  # a folder of theirs for another exercise is no submission that could not be read
                taken = [(item, told) for item, told in taken if item.kind != "folder"]
            near_it = beside(near if near is not None else g.items)
            found += [replace(_found(item, student, told, advice), beside=near_it(item)) for item, told in taken]
            aside += choice.aside(g, [item for item, _ in taken])
        unsure = [
            (g, student)
            for n, (g, student) in enumerate(zip(groups, students, strict=True))
            if not g.sure and (n in people.guessed or not (roster and roster.members(student)))
        ]
        asked = "" if single else doubt(unsure, choice)
        guessed = sorted({(shown(name), students[n]) for n, name in people.guessed.items()})
    found += [_found(item, shown("/".join(item.parts)), exercise or "", advice) for item in items if item.kind == "unsafe"]
    if not found:
        wanted = f"file for {exercise}" if exercise and items else "submission (.py or .ipynb)"
        raise BadInput(f"{source} holds no {wanted}: name the folder or zip of submissions.")
    untold = _UNTOLD.format(advice=advice)
    if all(f.trouble for f in found) and any(f.trouble == untold for f in found):
        raise BadInput(f"No name in {source} says which exercise it answers: put its id into the name, or {advice}.")
    paths = frozenset(shown("/".join(item.parts)) for item in inside if item.kind == "file")
    left = {shown("/".join(each.item.parts)): each.why for each in aside}
    return Survey(_distinct(found), tuple(Left(path, left[path]) for path in sorted(left)), asked, tuple(guessed), paths)


@dataclass(frozen=True)
class Reader:
    """Returns the bytes of a submission, at most 2 MB. Raises `BadInput` when it is gone, damaged or unsafe by now."""

    store: Nested

    def __call__(self, found: Found) -> bytes:
        return self.store.read(found.item)

    def beside(self, found: Found, data: bytes) -> dict[str, str]:
        """Return the texts of the modules that a submission with these bytes may import of what lies beside it, by path."""
        return carried(data, found.item, found.beside, self.store.read)


@contextmanager
def reading(source: Path) -> Iterator[Reader]:
    """Give what reads the submissions of `source`. A zip is open meanwhile: no child process may use it too."""
    with _opened(source) as store:
        yield Reader(store)


def _known(roster: Roster | None, weak: bool) -> Callable[[str], str]:
    """Return what tells whom of the roster a name means, "" for nobody. `weak`: a part of their name will do."""
    if roster is None:
        return lambda name: ""
    return cache(lambda name: joined([s.label for s in roster.meant(name) or (roster.perhaps(name) if weak else ())]))


def _found(item: Item, student: str, exercise: str, advice: str) -> Found:
    why = item.why or ("" if exercise else _UNTOLD.format(advice=advice))
    return Found("/".join(item.parts), student, exercise, item.suffix if item.kind == "file" else "", why, item.refused, item)


def _distinct(found: Iterable[Found]) -> tuple[Found, ...]:
    """Give every submission a path that can be printed, and a number where that makes two alike."""
    distinct: dict[str, Found] = {}
    alike: Counter[str] = Counter()
    for each in sorted(found, key=lambda f: (f.submission != shown(f.submission), f.item.parts, f.item.index)):
        path = plain = shown(each.submission)
        while path in distinct:
            alike[plain] += 1
            path = f"{plain} ({alike[plain] + 1})"
        distinct[path] = replace(each, submission=path)
    return tuple(distinct[path] for path in sorted(distinct))


@contextmanager
def _opened(source: Path, exclude: Path | None = None) -> Iterator[Nested]:
    try:
        is_folder, is_file = source.is_dir(), source.is_file()
    except (OSError, ValueError):
        is_folder = is_file = False
    base: Folder | Archive
    if is_folder:
        base = Folder(source, exclude)
    elif not is_file:
        raise BadInput(f"{source}: there is no such file or folder. Name the folder or zip of submissions.")
    elif kind_of(source.name) == "file":
        # A link is followed here: the teacher named it.
        whole = source.resolve()
        base = Folder(whole.parent, only=whole.name)
    else:
        try:
            base = Archive(source)
        except Unopened as error:
            raise BadInput(f"{source} {error.why.partition(':')[0]}: unpack it and name the folder.") from None
    with closing(Nested(base)) as store:
        yield store
