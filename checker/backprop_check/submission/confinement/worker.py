"""In the worker, before it reads the submission: give up everything but computing and one socket."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys

from backprop_check.submission.confinement.filter import load
from backprop_check.submission.confinement.kernel import (
    PR_SET_DUMPABLE,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG,
    Unconfined,
    drop_capabilities,
    has_close_range,
    prctl,
)
from backprop_check.submission.confinement.zygote import Prepared

if sys.platform != "win32":
    import resource

CHANNEL = 3
"""The descriptor the worker's socket is moved to. 0, 1 and 2 are the null device, as in the zygote; there are no others and can be none."""

NOBODY = 65534
CPU_SECONDS = 3600
"""A backstop for the judge's clock, should the judge be stopped: SIGKILL when it is used up."""

OUTPUT = 1 << 16


class BoundedText(io.TextIOBase):
    """A standard stream that keeps the first `OUTPUT` characters and drops the rest without an error."""

    encoding = "utf-8"

    def __init__(self) -> None:
        super().__init__()
        self._left, self._kept = OUTPUT, [""]

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self._left > 0 and text:
            self._kept.append(text[: self._left])
            self._left -= len(self._kept[-1])
        return len(text)


def confine(prepared: Prepared, channel: int) -> int:
    """Confine this process for the rest of its life, keep the descriptor `channel`, and return its new number.

    Close the zygote's own sockets first: an object that still holds the number 3 would close `CHANNEL` when it is collected. Raises
    `Unconfined` or `OSError` where a layer that `prepare` found cannot be put in force.
    """
    sys.stdin = io.StringIO()
    sys.stdout = sys.stderr = BoundedText()
    sys.__stdin__ = sys.__stdout__ = sys.__stderr__ = None  # type: ignore[misc]
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    if prepared.landlock is not None:
        prepared.landlock()  # while its descriptor is still open
    _keep(channel)
    if os.geteuid() == 0:
        with contextlib.suppress(PermissionError):  # a container without CAP_SETUID: `layers` tells
            become_nobody()
    drop_capabilities()
    prctl(PR_SET_DUMPABLE, 0)
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # after setresuid, which clears it
    if os.getppid() != prepared.pid:
        raise Unconfined("the zygote is gone")
    for what, limit in (
        (resource.RLIMIT_AS, prepared.mapped + prepared.memory),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, CHANNEL + 1),
    ):
        resource.setrlimit(what, (limit, limit))
    load(prepared.program)
    return CHANNEL


def become_nobody() -> None:
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def _keep(channel: int) -> None:
    """Keep four descriptors. Python objects that hold others find them closed."""
    channel = os.dup(channel) if channel <= CHANNEL else channel
    os.dup2(channel, CHANNEL, inheritable=False)
    os.closerange(CHANNEL + 1, 0x7FFFFFFF if has_close_range() else resource.getrlimit(resource.RLIMIT_NOFILE)[1])
