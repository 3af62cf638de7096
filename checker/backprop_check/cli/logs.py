"""Where a mistake of ours while explaining is noted: on standard error with `--verbose`, and in the course's folder for `doctor`."""

from __future__ import annotations

import logging
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


def keep_crashes(progress: Path | None, verbose: bool) -> None:
    """Note crashes beside the course's `progress` file; without one, only as far as `verbose` says."""
    log = logging.getLogger("backprop_check")
    for handler in [h for h in log.handlers if getattr(h, "ours", False)]:
        log.removeHandler(handler)
    handlers: list[logging.Handler] = [logging.StreamHandler()] if verbose else []
    if progress is not None:
        handlers.append(_Noted(progress.parent / CRASHES, encoding="utf-8", delay=True))
        handlers[-1].setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    for handler in handlers:
        handler.ours = True  # type: ignore[attr-defined]
        log.addHandler(handler)


def crashes(progress: Path | None) -> list[str]:
    """Return what is noted, one line a crash: when, and what broke off."""
    path = progress.parent / CRASHES if progress is not None else None
    if path is None or not path.is_file():
        return []
    return [line for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if line.endswith(BROKE_OFF)]
