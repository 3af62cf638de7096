"""How platforms name what they export: whose it is stands in the name of each folder or file.

Where each description comes from is told in docs/grading.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

ATTACHMENTS = "Submission attachment(s)"
"""Where Sakai puts what a student handed in, in the student's folder."""

# Non-greedy, so that a file called like another student's submission stays with the one who handed it in.
_MOODLE = re.compile(r"(?P<name>.+?)(?:_(?P<key>\d+))?_assignsubmission_(?P<kind>[a-z]+)(?:_(?P<own>.*))?", re.DOTALL)
_CANVAS = re.compile(r"(?P<name>[^_]+|.+?)(?:_LATE)?_(?P<key>\d+)_(?:\d+_(?P<own>.+)|(?:text|link)\.html)", re.DOTALL)
_CANVAS_ANONYMOUS = re.compile(r"(?P<name>anon)(?:_LATE)?_(?P<key>[A-Za-z0-9]+)_(?:\d+_(?P<own>.+)|(?:text|link)\.html)", re.DOTALL)
_BLACKBOARD = re.compile(r"(?P<work>.+)_(?P<key>[^_]+)_attempt_\d{4}(?:-\d\d){5}(?:_(?P<own>.+)|\.txt)?", re.DOTALL)
_BRIGHTSPACE = re.compile(r"(?P<key>\d+)-\d+ - (?P<name>.+?) - (?=[^-]*\d{4})[^-]*[^- ](?: - (?P<own>.+))?", re.DOTALL)
_SAKAI = re.compile(rf"(?P<name>.+?) ?\((?P<key>[^()]+)\)(?:_{re.escape(ATTACHMENTS)}_(?P<own>.+))?", re.DOTALL)
_ADDRESS = r"[^@\s]+@[a-z\d-]+(?:\.[a-z\d-]+)*\.[a-z]{2,}"
_PRAIRIELEARN = re.compile(rf"(?P<key>{_ADDRESS})_\d+_.+?_(?:\d+_){{1,3}}(?P<own>.+)", re.DOTALL | re.IGNORECASE)
_TYPED = {"text.html", "link.html"}


@dataclass(frozen=True)
class Person:
    """A student as the names tell. `keys` are for the roster, the surest first; `mark` tells two of the same name apart."""

    name: str
    keys: tuple[str, ...]
    mark: str = ""


@dataclass(frozen=True)
class Named:
    """What a name says. `own` is what the student called the file, "" for a folder; `typed` that it is text typed in on the platform."""

    person: Person
    own: str
    typed: bool = False


Scheme = Callable[[str], Named | None]


def moodle(name: str) -> Named | None:
    match = _MOODLE.fullmatch(name)
    if match is None:
        return None
    # The number is of this assignment's participants and means nothing elsewhere; the worksheet spells it this way.
    keys = (f"Participant {match['key']}", match["name"]) if match["key"] else (match["name"],)
    return Named(Person(match["name"], keys, match["key"] or ""), match["own"] or "", match["kind"] == "onlinetext")


def canvas(name: str) -> Named | None:
    anonymous = _CANVAS_ANONYMOUS.fullmatch(name)
    match = anonymous or _CANVAS.fullmatch(name)
    if match is None:
        return None
    keys = () if anonymous else (match["key"], match["name"])
    return Named(Person(match["name"], keys, match["key"]), match["own"] or "", match["own"] is None or match["own"] in _TYPED)


def blackboard(name: str) -> Named | None:
    match = _BLACKBOARD.fullmatch(name)
    if match is None:
        return None
    # A name of the student's own may hold underscores: whether one does, only the roster knows.
    words = [*match["work"].split("_"), match["key"]]
    keys = ["_".join(words[-n:]) for n in range(1, min(len(words), 4))]
    return Named(Person(match["key"], tuple(reversed(keys)), ""), match["own"] or "", match["own"] is None)


def brightspace(name: str) -> Named | None:
    match = _BRIGHTSPACE.fullmatch(name)
    return Named(Person(match["name"], (match["name"],), match["key"]), match["own"] or "") if match else None


def sakai(name: str) -> Named | None:
    match = _SAKAI.fullmatch(name)
    return Named(Person(match["name"], (match["key"], match["name"]), match["key"]), match["own"] or "") if match else None


def prairielearn(name: str) -> Named | None:
    match = _PRAIRIELEARN.fullmatch(name)
    return Named(Person(match["key"], (match["key"],)), match["own"]) if match else None


STRONG: tuple[Scheme, ...] = (moodle, blackboard, brightspace, prairielearn)
"""Names that nobody writes by hand."""


def platforms(name: str) -> Named | None:
    """Return what a name says that only a platform gives, wherever it stands."""
    return next((named for scheme in STRONG if (named := scheme(name))), None)


def own_name(name: str) -> str:
    """Return what the student called a file, before a platform put more in front of it."""
    for scheme in (*STRONG, canvas, sakai):
        if (named := scheme(name)) and named.own:
            return named.own
    return name
