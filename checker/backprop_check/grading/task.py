"""What the command hands to a judge: once, what holds for the whole class; then one submission after another. Nothing here needs torch."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from backprop_check import __version__
from backprop_check.files import LARGEST

SHARED = 2
"""So many trials of a submission are those of the whole class. The seeds of all others come from its own code too: none is judged without
one of these, so what one submission learns helps no other."""

FIRST = 1 << 13
"""Bytes of a file in which a line that names its encoding is looked for, and more."""

_COMMENT = re.compile(rb"#[^\n]*")
_TOP = re.compile(rb"(?:#[ -~]*\n)+")


@dataclass(frozen=True)
class Setup:
    """What holds for the whole class.

    `exercises` are (file name, text) of the definitions, by id. `time_limit` is seconds a statement, `memory` bytes a worker. `secret` is
    what every trial derives from; workers never see it. `searching` is how much of
    `expression.work` explaining a submission may take.
    """

    exercises: Mapping[str, tuple[str, str]]
    secret: str
    time_limit: float = 10.0
    memory: int = 1 << 30
    confined: bool = True
    searching: float = 30_000

    @property
    def whole(self) -> float:
        """Seconds that all trials of a submission may take together."""
        return 3 * self.time_limit

    @property
    def longest(self) -> float:
        """Seconds after which a judge that has not answered is taken for lost."""
        return self.whole + 80

    def digest(self, exercise: str, data: bytes, beside: Mapping[str, str] | None = None) -> str:
        """Return the digest of all that decides a submission's marks; `beside` are the texts of modules handed in with it, by path."""
        bounds = f"{__version__} {self.time_limit} {self.memory} {self.confined}"
        whole = hashlib.sha256(repr((bounds, exercise, self.exercises.get(exercise))).encode())
        whole.update(data)
        if beside:
            whole.update(repr(sorted(beside.items())).encode("utf-8", "surrogatepass"))
        return whole.hexdigest()[:32]

    def as_json(self) -> bytes:
        return json.dumps(asdict(self)).encode()


def setup_from(data: bytes) -> Setup:
    given = json.loads(data)
    return Setup(**{**given, "exercises": {name: (file, text) for name, (file, text) in given["exercises"].items()}})


@dataclass(frozen=True)
class Task:
    """One submission: its path below what is graded, whose it is, the exercise's id, its bytes, and the modules beside it, by path.

    `slow` is how many files of the same student are known to take longer than the limit.
    """

    submission: str
    student: str
    exercise: str
    data: bytes
    digest: str
    beside: Mapping[str, str] = field(default_factory=dict)
    slow: int = 0

    @cached_property
    def likeness(self) -> bytes:
        """Equal for files that differ in comments only. It is a guess, by the bytes: whoever wrote them may make it what they like."""
        return hashlib.sha256(self.exercise.encode() + b"\0" + _COMMENT.sub(b"", self.data)).digest()

    @cached_property
    def same(self) -> bytes:
        """Equal only for files that are read alike: all but comments above a file's first line, where names stand, is the same.

        That they are comments holds of a `.py` that parses, in the encoding of every other.
        """
        path, top = PurePosixPath(self.submission), _TOP.match(self.data)
        plain = path.suffix == ".py" and len(self.data) <= LARGEST and b"coding" not in self.data[:FIRST]
        data = b"\n" * self.data.count(b"\n", 0, top.end()) + self.data[top.end() :] if top and plain else self.data
        return hashlib.sha256(repr((path.name, sorted(self.beside.items()), data)).encode("utf-8", "surrogatepass")).digest()

    @property
    def size(self) -> int:
        return len(self.data) + sum(6 * len(text) for text in self.beside.values())

    def head(self) -> dict[str, Any]:
        """Return all but the bytes, as plain data."""
        head = {"submission": self.submission, "student": self.student, "exercise": self.exercise, "digest": self.digest}
        return {**head, "beside": dict(self.beside)}


def seeds(secret: str, exercise: str, code: str) -> Callable[[], int]:
    """Return what gives the seeds of a submission's trials, the same for the same code, unforeseeable without the secret."""

    def drawn() -> Iterator[int]:
        for number in itertools.count():
            text = json.dumps([exercise, number, code if number >= SHARED else ""]).encode()
            yield int.from_bytes(hmac.digest(bytes.fromhex(secret), text, "sha256")[:6], "little")

    return drawn().__next__


def shown_seeds(exercise: str) -> Callable[[], int]:
    """Return what gives the seeds of the trials whose numbers students are shown: the same for everybody, and no secret."""
    count = itertools.count()
    return lambda: int.from_bytes(hashlib.sha256(json.dumps([exercise, next(count)]).encode()).digest()[:6], "little")
