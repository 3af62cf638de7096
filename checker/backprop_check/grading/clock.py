"""Limits for the judge's own work on a submission's text: some texts are slow to read, by accident or by intent."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from backprop_check.submission.confinement.kernel import mapped

if sys.platform != "win32":
    import resource

OVERDUE = signal.SIGVTALRM
"""What ends a judge that has used up its time within one call of Python's, where nothing can be raised."""

MEMORY = 1 << 30
"""Bytes that reading a submission may take."""


class TooSlow(BaseException):
    """The time is up. No `Exception`, so that nothing on the way takes it for an error in the text."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise `TooSlow` when the block has used `seconds` of this process's own time, and `MemoryError` where it takes too much.

    For the main thread.
    """

    def late(*_: object) -> NoReturn:
        raise TooSlow

    before, bounds = signal.signal(signal.SIGPROF, late), resource.getrlimit(resource.RLIMIT_AS)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        if sys.platform == "linux":
            resource.setrlimit(resource.RLIMIT_AS, (mapped() + MEMORY, bounds[1]))
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        resource.setrlimit(resource.RLIMIT_AS, bounds)


def end_after(seconds: float) -> None:
    """Have the kernel end this process when it has computed for so long from now on; 0: never."""
    signal.signal(OVERDUE, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
