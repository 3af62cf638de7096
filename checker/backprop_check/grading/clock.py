"""A clock for the judge's own work on a submission's text: some texts are slow to read, by accident or by intent."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn


class TooSlow(BaseException):
    """The time is up. No `Exception`, so that nothing on the way takes it for an error in the text."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise `TooSlow` when the block has used `seconds` of this process's own time. For the main thread."""

    def late(*_: object) -> NoReturn:
        raise TooSlow

    before = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
