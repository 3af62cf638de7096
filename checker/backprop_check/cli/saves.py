"""Notice that a file was saved, whatever way its editor saves (in place, by a new file renamed over it, by writing it anew), or is gone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

STEP, DEBOUNCE = 5, 50
"""How long (ms) the folder must be quiet for a burst of changes to be over, and the longest a burst is waited for."""

LOOK_AGAIN = 1000
"""How often (ms) the file is looked at without any event: a folder replaced or a linked file is not seen by the system's watcher."""

GONE = 1.0
"""How long (s) a file must be gone before that is told: a save may delete it and write it anew."""

POLL = 0.1

Signature = tuple[int, int, int] | None


class Saves:
    """A thread that watches the folder of `path`, and calls `told` when the file has changed, or is gone for good.

    Without the `watchfiles` library, where the system's watcher does not work, or with `poll`, the file is looked at every 0.1 s.
    """

    def __init__(self, path: Path, told: Callable[[], object], poll: bool = False) -> None:
        self._path, self._told, self._stop = path, told, threading.Event()
        self._last = signature(path)
        self._thread = threading.Thread(target=self._watch, args=(poll,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self, poll: bool) -> None:
        there, since = self._last, time.monotonic()
        for _ in _polled(self._stop) if poll else _events(self._path.parent, self._stop):
            now = signature(self._path)
            if now is not None or self._last is not None:
                since = time.monotonic()
            gone = now is None and there is not None and time.monotonic() - since >= GONE
            if gone or (now is not None and now != self._last):
                there = now
                self._told()
            self._last = now


def signature(path: Path) -> Signature:
    """Return what tells one state of a file from another, or None while there is no file."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _events(folder: Path, stop: threading.Event) -> Iterator[None]:
    """Yield whenever something changed in `folder`, and once in a while; fall back to polling when the system's watcher fails."""
    try:
        from watchfiles import watch

        yield None  # what was saved while the library was loading
        for _ in watch(
            folder,
            watch_filter=None,
            debounce=DEBOUNCE,
            step=STEP,
            stop_event=stop,
            rust_timeout=LOOK_AGAIN,
            yield_on_timeout=True,
            raise_interrupt=False,
            recursive=False,
        ):
            yield None
    except (ImportError, OSError, RuntimeError):
        yield from _polled(stop)


def _polled(stop: threading.Event) -> Iterator[None]:
    while not stop.wait(POLL):
        yield None
