"""Where workers come from: forked from a zygote, or started one by one where nothing forks. Here and nowhere else it is chosen."""

from __future__ import annotations

import os
import socket
from types import TracebackType
from typing import Protocol

from backprop_check.errors import BadInput


class Gone(Exception):
    """The process that workers come from has ended, by no doing of ours."""


class Workers(Protocol):
    """A source of workers: processes that run `submission.worker.serve` on one end of a channel. Close it, or use it in a `with`."""

    def spawn(self) -> tuple[socket.socket, int]:
        """Return the channel to a fresh worker, and its number. Raises `Gone`."""

    def end(self, pid: int, patience: float = 0.0) -> int | None:
        """End the worker with that number and whatever it started; return its exit code, None where it had to be killed.

        A code below 0 is the signal that ended it. `patience` is how many seconds it may take to end by itself. Raises `Gone`.
        """

    def close(self) -> None:
        """End all workers."""

    def __enter__(self) -> Workers: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /) -> None: ...


def forked() -> Workers:
    """Return workers for one command, which has used no thread of torch and computed no oracle yet."""
    if not hasattr(os, "fork"):
        return started(ahead=False)
    from backprop_check.submission.zygote import Zygote

    return Zygote.forked()


def started(ahead: bool = True) -> Workers:
    """Return workers for a process that may have used torch's threads: pytest runs, notebook kernels, the desk.

    Where none can be forked, the next is loaded `ahead`, while one is at work.
    """
    if not hasattr(os, "fork"):
        from backprop_check.submission.spawner import Spawner

        return Spawner(ahead)
    from backprop_check.submission.zygote import Zygote

    return Zygote.started()


def started_confined() -> Workers:
    """Return confined workers, for strangers' code. Raises `BadInput` where the machine cannot confine."""
    if not hasattr(os, "fork"):
        raise BadInput("submissions cannot be confined on this system: `backprop-check doctor` says what is missing.")
    from backprop_check.submission.zygote import Zygote

    return Zygote.started_confined()
