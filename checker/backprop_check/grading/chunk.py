"""What a Dask worker runs: it judges a chunk of submissions by a pool that stays for the next one. Nothing here needs Dask or torch."""

from __future__ import annotations

import platform
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from backprop_check import __version__
from backprop_check.errors import BadInput
from backprop_check.grading.pool import Pool
from backprop_check.grading.task import Setup, Task

IDLE = 60.0
"""Seconds an unused pool stays: a class that is graded, or whose teacher's computer is gone, leaves nothing on the cluster for long."""


@dataclass(eq=False)
class Kept:
    """A pool between two chunks, and what ends it if no second one comes."""

    setup: Setup
    pool: Pool
    end: ExitStack
    timer: threading.Timer = field(init=False)

    def __post_init__(self) -> None:
        self.timer = threading.Timer(IDLE, self._unused)
        self.timer.daemon = True
        self.timer.start()

    def _unused(self) -> None:
        with _lock:
            if self not in _kept:
                return
            _kept.remove(self)
        self.end.close()


_kept: list[Kept] = []
_lock = threading.Lock()


def judged_chunk(version: str, setup: Setup, tasks: Sequence[Task]) -> list[str]:
    """Judge `tasks` and return their lines, in the order in which they were done.

    A Dask worker with several threads runs several of these at a time, each with a pool of its own. `version` is that of who asks.
    Raises `BadInput` that names this machine when the version here is another, and where nothing can be judged: nothing confined, say.
    """
    try:
        if version != __version__:
            raise BadInput(f"backprop-check is {__version__} there and {version} here: install the same on both.")
        with ExitStack() as stack:
            pool = stack.enter_context(_taken(setup))
            lines = [result.as_line() for result in pool.judged(tasks)]
            end = stack.pop_all()  # only now: the judges of a pool that was interrupted are still at these tasks
    except (BadInput, OSError) as error:
        raise BadInput(f"a worker of the cluster, on {platform.node()}, says: {error}") from None
    with _lock:
        _kept.append(Kept(setup, pool, end))
    return lines


def _taken(setup: Setup) -> Pool:
    with _lock:
        for kept in _kept:
            if kept.setup == setup:
                kept.timer.cancel()
                _kept.remove(kept)
                return kept.pool
    return Pool(setup, jobs=1)
