"""What this machine gives to confine workers with: each layer tried in a child process, for `doctor` and for the refusal of `grade`."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from backprop_check.submission.confinement.filter import compiled, load
from backprop_check.submission.confinement.kernel import PR_SET_NO_NEW_PRIVS, Unconfined, prctl, unshare
from backprop_check.submission.confinement.worker import become_nobody
from backprop_check.submission.confinement.zygote import landlock
from backprop_check.submission.python import python_on

if sys.platform != "win32":
    import resource

NEEDED = ("files", "network", "processes")
"""Where one of these stays open, strangers' code is not run unless the teacher says so."""


NO_FORK = (
    "A class cannot be graded on this system, where processes do not fork: use Linux, macOS, a container, or Windows' Linux subsystem."
)


@dataclass(frozen=True)
class Layer:
    """One layer: whether it holds here, which of the things learner code must not reach it closes alone, and details or what is lacking."""

    name: str
    holds: bool
    closes: tuple[str, ...]
    detail: str


def layers() -> tuple[Layer, ...]:
    """Try each layer and tell which hold. Confines nothing in the calling process; forks, so call it before torch has used threads."""
    if sys.platform != "linux" or not hasattr(os, "fork"):
        return (Layer("system calls", False, NEEDED, f"seccomp is Linux's own; this is {sys.platform}"),)
    spaces = ["net", "ipc", "uts", "pid"]
    return (
        _tried("system calls", (*NEEDED, "signals", "leftovers"), _filter, "seccomp, an allow list"),
        _tried("Landlock", ("files", "signals"), _landlock, "files, TCP and signals"),
        _tried("namespaces", ("network", "leftovers"), lambda: _namespaces(spaces), "network, IPC and PIDs"),
        _tried("limits", ("memory", "time"), _limits, "memory, processes, descriptors, file sizes"),
        _tried("other user", (), _nobody, "workers become nobody"),
    )


def left_open(found: tuple[Layer, ...]) -> list[str]:
    """Return what of `NEEDED` no layer closes."""
    return [what for what in NEEDED if not any(layer.holds and what in layer.closes for layer in found)]


def refusal(reachable: Sequence[str], option: str) -> str:
    """Return what is said where strangers' code is not run, since it could reach those things; `option` is what runs it all the same."""
    what = " and ".join(", ".join(reachable).rsplit(", ", 1))
    return (
        f"on this machine submissions could reach {what} (`backprop-check doctor` says why): grade elsewhere, or give {option} "
        "if you vouch for everyone who wrote them."
    )


def left_open_here() -> list[str]:
    """Return what no layer closes on this machine, asked of a process of its own: for callers that must not fork."""
    told = subprocess.run(python_on(f"{__name__}:main", ""), capture_output=True, text=True, stdin=subprocess.DEVNULL)  # noqa: S603 (this interpreter, our own module)
    return [str(what) for what in json.loads(told.stdout)] if told.returncode == 0 else list(NEEDED)


def main(_: str) -> None:
    print(json.dumps(left_open(layers())))


def _filter() -> None:
    program = compiled()
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    load(program)
    with contextlib.suppress(PermissionError):
        os.open("/", os.O_RDONLY)
        raise Unconfined("a folder could still be opened")
    with contextlib.suppress(PermissionError):
        os.fork()
        raise Unconfined("a process could still be started")


def _landlock() -> None:
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    if (apply := landlock()) is None:
        raise Unconfined("the kernel has none, or landlockpy is not installed")
    apply()
    with contextlib.suppress(PermissionError):
        os.open("/", os.O_RDONLY)
        raise Unconfined("a folder could still be opened")


def _namespaces(names: list[str]) -> None:
    if not ((os.geteuid() == 0 and unshare(names)) or unshare(["user", *names])):
        raise Unconfined("the kernel or the container refuses them")


def _limits() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40))


def _nobody() -> None:
    if os.geteuid() != 0:
        raise Unconfined("only root can become another user, and only root needs to")
    become_nobody()


def _tried(name: str, closes: tuple[str, ...], attempt: Callable[[], object], detail: str) -> Layer:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            attempt()
            os.write(writer, b"+")
        except BaseException as error:
            os.write(writer, f"{error}".encode()[:500])
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as said:
        answer = said.read()
    os.waitpid(pid, 0)
    return Layer(name, answer == b"+", closes, detail if answer == b"+" else answer.decode(errors="replace") or "the trial ended early")
