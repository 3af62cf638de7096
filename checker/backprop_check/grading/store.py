"""Keep what grading has found: lines are appended and synced as they come, and whatever ends a run, the next one goes on from there."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from backprop_check.classroom.results import Result, from_line
from backprop_check.errors import BadInput

if sys.platform != "win32":
    import fcntl

RESULTS, WITHDRAWN, SECRET, LOCK = "results.jsonl", "withdrawn.jsonl", ".secret", ".lock"
_LOST = "{} was removed or changed while this command was grading into it: run the same command again."
_NOT_THERE = "{}: what its results were drawn from (.secret) is not there any more: put it back, or begin anew with --fresh."


class Store:
    """The output folder of one class, held by one command at a time. Get it by `opened`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # A file of its own: the one with the results is replaced by another, and a lock would stay with the old one.
        self._lock = (folder / LOCK).open("ab")
        self._file = (folder / RESULTS).open("ab+", buffering=0)
        self._secret = ""

    def take(self) -> None:
        """Hold the folder until `close`. Raises `OSError` when another command holds it."""
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def secret(self) -> str:
        """Return the secret every trial derives from; it is drawn at the first run and readable by its owner only.

        Raises `BadInput` where there are results and their secret is lost.
        """
        self._secret = self._stored_secret()
        if not self._secret:
            if self.results():
                raise BadInput(_NOT_THERE.format(self.folder))
            self._secret = secrets.token_hex(32)
            _replace(self.folder / SECRET, [self._secret + "\n"], mode=0o600)
        return self._secret

    def _stored_secret(self) -> str:
        with contextlib.suppress(FileNotFoundError, ValueError):
            known = (self.folder / SECRET).read_text(encoding="ascii").strip()
            return known if len(bytes.fromhex(known)) == 32 else ""
        return ""

    def check(self) -> None:
        """Raise `BadInput` where the folder is not the one any more that this command writes to, or has lost its secret."""
        try:
            same = os.path.samestat((self.folder / RESULTS).stat(), os.fstat(self._file.fileno()))
        except FileNotFoundError:
            same = False
        if not same:
            raise BadInput(_LOST.format(self.folder))
        if self._secret and self._stored_secret() != self._secret:
            raise BadInput(_NOT_THERE.format(self.folder))

    def results(self) -> dict[str, Result]:
        """Return the results that are there, by submission. What is no whole line, as after a power cut, is passed over."""
        with os.fdopen(os.dup(self._file.fileno()), "rb") as file:
            file.seek(0)
            return _results(file)

    def withdrawn(self) -> dict[str, Result]:
        """Return the results of files that were there once, by submission. They do not count, and stand again if the file comes back."""
        path = self.folder / WITHDRAWN
        if not path.is_file():
            return {}
        with path.open("rb") as file:
            return _results(file)

    def withdraw(self, results: Iterable[Result]) -> None:
        """Put `results` with those that do not count."""
        gone = {result.submission: result for result in results}
        if gone:
            _replace(self.folder / WITHDRAWN, _lines({**self.withdrawn(), **gone}.values()))

    def keep(self, results: Iterable[Result]) -> None:
        """Put `results` in the place of all that is there, sorted by submission, at once or not at all."""
        self.check()
        _replace(self.folder / RESULTS, _lines(sorted(results, key=lambda result: result.submission)))
        held, self._file = self._file, (self.folder / RESULTS).open("ab+", buffering=0)
        held.close()

    def append(self, *results: Result) -> None:
        """Add a line for each, on disk when this returns. Where they could not be written whole, they are taken back."""
        self.check()
        data, end = b"".join(result.as_line().encode() + b"\n" for result in results), self._file.seek(0, os.SEEK_END)
        try:
            while data:
                data = data[self._file.write(data) :]
            os.fdatasync(self._file.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                self._file.truncate(end)
            raise

    def write(self, name: str, text: str) -> None:
        """Write a file of the folder, whole or not at all."""
        self.check()
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        _replace(path, [text], sync=False)

    def remove(self, name: str) -> None:
        """Remove a file of the folder, if it is there."""
        (self.folder / name).unlink(missing_ok=True)

    def close(self) -> None:
        self._file.close()
        self._lock.close()


@contextmanager
def opened(folder: Path, fresh: bool) -> Iterator[Store]:
    """Give the store in `folder`, which is made where it is not there; `fresh` forgets what it holds.

    Raises `BadInput` when the folder cannot be had or another command is writing there, and where the disk gives out.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        store = Store(folder)
    except OSError as error:
        raise BadInput(f"{folder} cannot be written to ({error.strerror}): name another folder with --out.") from None
    with contextlib.closing(store):
        try:
            store.take()
        except OSError:
            raise BadInput(f"another command is grading into {folder}: wait for it, or name another folder with --out.") from None
        try:
            if fresh:
                (folder / SECRET).unlink(missing_ok=True)
                (folder / WITHDRAWN).unlink(missing_ok=True)
                store.keep(())
            yield store
        except OSError as error:
            why = f"{folder} cannot be written to ({error.strerror})"
            raise BadInput(f"{why}: make room, then run the same command again; no result is lost.") from None


def _lines(results: Iterable[Result]) -> Iterator[str]:
    return (result.as_line() + "\n" for result in results)


def _results(lines: Iterable[bytes]) -> dict[str, Result]:
    found: dict[str, Result] = {}
    for line in lines:
        with contextlib.suppress(ValueError):
            result = from_line(line.decode())
            found[result.submission] = result
    return found


def _replace(path: Path, texts: Iterable[str], mode: int = 0o644, sync: bool = True) -> None:
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.writelines(texts)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
        raise
