"""In the zygote: namespaces of its own, and what every worker it forks will need to be confined."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from backprop_check.submission.confinement import filter as calls
from backprop_check.submission.confinement.kernel import HUGE_PAGES, PR_SET_PDEATHSIG, Unconfined, mapped, prctl, threads, unshare

ENVIRONMENT = {
    "PYTHONHASHSEED": "0",
    "FBGEMM_NO_ASMJIT": "1",
    "OMP_NUM_THREADS": "1",
    "OMP_THREAD_LIMIT": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    **HUGE_PAGES,
}
"""To be set when the process is exec'd. The first gives a set the same order in every worker; with the second, fbgemm makes no code as it
runs, which a confined worker may not. Importing numpy else starts OpenBLAS's threads, and Landlock and seccomp hold for one thread;
without OMP_THREAD_LIMIT, a worker that calls `torch.set_num_threads(2)` ends in libgomp."""

KEPT = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "OPENBLAS_CORETYPE")
"""What of the environment is left to the process that forks workers; the rest may hold what learner code should not read."""


@dataclass(frozen=True)
class Prepared:
    """What a worker needs at hand, since it can open nothing itself. `mapped` is the zygote's address space in bytes."""

    program: bytes
    landlock: Callable[[], None] | None
    mapped: int
    memory: int
    pid: int


def environment() -> dict[str, str]:
    """Return the environment to start the process in that forks confined workers."""
    return {**{name: os.environ[name] for name in KEPT if name in os.environ}, **ENVIRONMENT}


def isolate() -> None:
    """Move into namespaces of our own (network, IPC, PIDs), where the kernel gives them. For a process with one thread.

    The caller goes on as process 1 of the PID namespace, in a child of the process that called; that one waits and passes on the status.
    Killing either kills every worker. Root stays root (its workers become `nobody`); others get a user namespace.
    """
    names, uid, gid = ["net", "ipc", "uts", "pid"], os.geteuid(), os.getegid()
    if uid == 0 and unshare(names):
        pass
    elif unshare(["user", *names]):
        with contextlib.suppress(OSError):  # unmapped, this process goes on as the overflow user, which does as well
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
            Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    else:
        return
    if pid := os.fork():
        _wait_and_exit(pid)
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def prepare(memory: int) -> Prepared:
    """Make, once, what every worker uses; `memory` is what each may take, in bytes. From here on this process can import nothing more.

    Closing the imports in each worker instead would cost 2.5 ms, in pages copied. Raises `Unconfined` where no filter can be had.
    """
    if (count := threads()) != 1:
        raise Unconfined(f"the zygote has {count} threads: start it with {ENVIRONMENT}")
    folder = tempfile.mkdtemp(prefix="backprop-check-")
    os.chdir(folder)
    os.rmdir(folder)  # the working folder is empty, stays so, and leaves nothing to clean up  # noqa: PTH106
    prepared = Prepared(calls.compiled(), landlock(), mapped(), memory, os.getpid())
    _close_imports()
    return prepared


def landlock() -> Callable[[], None] | None:
    """Return what puts Landlock in force in a worker: no file, TCP, abstract socket or signal, as far as this kernel goes.

    None where the kernel has no Landlock or the package is not installed.
    """
    try:
        import landlockpy
    except ImportError:
        return None
    if landlockpy.abi_version() < 1:
        return None
    return landlockpy.Ruleset(scoped=landlockpy.Scope.ABSTRACT_UNIX_SOCKET | landlockpy.Scope.SIGNAL).restrict


def _close_imports() -> None:
    sys.path[:] = []
    sys.path_hooks[:] = []
    sys.path_importer_cache.clear()
    sys.meta_path[:] = [finder for finder in sys.meta_path if getattr(finder, "__name__", "") in ("BuiltinImporter", "FrozenImporter")]


def _wait_and_exit(pid: int) -> NoReturn:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: os.kill(pid, signal.SIGKILL))  # process 1 may ignore anything less
    _, status = os.waitpid(pid, 0)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
