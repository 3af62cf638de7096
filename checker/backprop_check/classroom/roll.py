"""What there is to say of a class beside its marks: who and what is in no mark. Values in, text out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from backprop_check.report.layout import visible

FIRST = 3
"""So many names are said of those that are too many for one line."""


@dataclass(frozen=True)
class Roll:
    """So many `students` handed in. Of the class list, `absent` did not; `strangers` did and are not in it. `aside` are paths that are not
    taken for submissions, with why. `gone` are submissions of an earlier run that are not there any more, `former` who left with them.
    `guessed` are names as written, and whom of the class list they are taken for; `encoding` is a guess in what the list was saved.
    `not_renewed` are files for platforms that an earlier run has written, and this one has not.
    """

    students: int = 0
    absent: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()
    aside: tuple[tuple[str, str], ...] = ()
    gone: tuple[str, ...] = ()
    former: tuple[str, ...] = ()
    guessed: tuple[tuple[str, str], ...] = ()
    encoding: str = ""
    not_renewed: tuple[str, ...] = ()


def notes(roll: Roll, all_of_it: str) -> Iterator[str]:
    """Yield a line for each thing that is so. `all_of_it` says where the names are that stand in no line."""
    if roll.aside:
        taken = "a submission" if len(roll.aside) == 1 else "submissions"
        yield f"{counted(len(roll.aside), 'file')} not taken for {taken}: {first([path for path, _ in roll.aside], all_of_it)}."
    if roll.strangers and len(roll.strangers) == roll.students > 1:
        them = first(roll.strangers, all_of_it)
        yield f"None of the {roll.students} students is in the roster, so no gradebook gets marks: {them}. Is it the list of this class?"
    elif roll.strangers:
        nobodys = f"{counted(len(roll.strangers), 'student')} {'is' if len(roll.strangers) == 1 else 'are'} not in the roster"
        yield f"{nobodys}, so no gradebook gets the marks: {first(roll.strangers, all_of_it)}."
    if roll.guessed:
        names = first([f"`{name}` for {student}" for name, student in roll.guessed], "--dry-run shows whose each file is")
        yield f"By a part of their name alone {'is' if len(roll.guessed) == 1 else 'are'} taken: {names}."
    if roll.encoding:
        yield f"The roster is not UTF-8 and was read as {roll.encoding}: see whether names with accents are right."
    if roll.absent:
        yield f"{len(roll.absent)} of the roster handed in nothing: {first(roll.absent, all_of_it)}."
    if roll.gone:
        gone = f"{counted(len(roll.gone), 'submission')} of an earlier run {'is' if len(roll.gone) == 1 else 'are'} not there any more"
        count = "does not count" if len(roll.gone) == 1 else "do not count"
        yield f"{gone} and {count}: {first(roll.gone, 'withdrawn.jsonl has them')}."
    if roll.former:
        yield f"Removed, since nothing of theirs is there any more: the pages of {first(roll.former, '')}."
    if roll.not_renewed:
        files = ", ".join(map(visible, roll.not_renewed))
        yield f"Of an earlier run, and not written again: {files}. Name the format with --format to have its marks of now."


def counted(number: int, one: str) -> str:
    return f"{number} {one}{'s' * (number != 1)}"


def first(names: Sequence[str], all_of_it: str) -> str:
    """Return the first of some names, how many more there are, and where."""
    told = ", ".join(visible(name) for name in names[:FIRST])
    if len(names) <= FIRST:
        return told
    return f"{told} and {len(names) - FIRST} more{f' ({all_of_it})' if all_of_it else ''}"
