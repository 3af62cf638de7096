"""Where a mistake of ours while explaining is noted: on standard error with `--verbose`, and in the course's folder for `doctor`."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CRASHES = "crashes.log"
BROKE_OFF = "broke off"


class _Noted(logging.FileHandler):
    """A file that is made when there is something to note. A full disk costs the note, and no verdict."""

    def _open(self):  # type: ignore[no-untyped-def]
        Path(self.baseFilename).parent.mkdir(exist_ok=True)
        return super()._open()

    def handleError(self, record: logging.LogRecord) -> None:
        pass


class _Shown(logging.Handler):
    """Shows what was noted when it is closed: while an exercise is judged, nothing else may print."""

    def __init__(self) -> None:
        super().__init__()
        self._texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._texts.append(self.format(record))

    def close(self) -> None:
        print(*self._texts, sep="\n", end="\n" * bool(self._texts), file=sys.stderr)
        super().close()


@contextmanager
def crashes_kept(progress: Path | None, verbose: bool) -> Iterator[None]:
    """Note crashes of the block beside the course's `progress` file; with `verbose`, show them when it ends."""
    log = logging.getLogger("backprop_check")
    handlers: list[logging.Handler] = [_Shown()] if verbose else []
    if progress is not None:
        handlers.append(_Noted(progress.parent / CRASHES, encoding="utf-8", delay=True))
        handlers[-1].setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    for handler in handlers:
        log.addHandler(handler)
    try:
        yield
    finally:
        for handler in handlers:
            log.removeHandler(handler)
            handler.close()


def crashes(progress: Path | None) -> list[str]:
    """Return what is noted, one line a crash: when, and what broke off."""
    path = progress.parent / CRASHES if progress is not None else None
    if path is None or not path.is_file():
        return []
    return [line for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if line.endswith(BROKE_OFF)]
