"""Calls of the Linux kernel that Python 3.11 does not have."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Sequence
from pathlib import Path

if sys.platform != "win32":
    import resource

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
SECCOMP_MODE_FILTER = 2
_ADDR_NO_RANDOMIZE, _ASK = 0x0040000, 0xFFFFFFFF
_CAPABILITY_VERSION_3 = 0x20080522
_CLONE = {"user": 0x10000000, "pid": 0x20000000, "net": 0x40000000, "ipc": 0x08000000, "uts": 0x04000000}

HUGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
"""To be set when a process is exec'd that forks others. It puts torch's 85 MB of heap into huge pages, where the kernel gives them: a fork
then copies half as many page table entries, and takes half as long."""

_libc = ctypes.CDLL(None, use_errno=True)
_with_lock = ctypes.PyDLL(None, use_errno=True)


class Unconfined(Exception):
    """A layer of the confinement could not be put in force."""


def prctl(option: int, value: int, more: int = 0) -> None:
    if _libc.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(more), ctypes.c_ulong(0), ctypes.c_ulong(0)):
        raise Unconfined(f"prctl({option}): {os.strerror(ctypes.get_errno())}")


def unshare(names: Sequence[str]) -> bool:
    """Move this process into new namespaces; a new PID namespace begins with its next child. False where the kernel refuses."""
    return bool(_libc.unshare(sum(_CLONE[name] for name in names)) == 0)


def fix_addresses() -> None:
    """Begin this program anew without address randomization, where the kernel lets a process ask for that. Call it before all else."""
    if sys.platform != "linux" or (now := _libc.personality(_ASK)) == -1 or now & _ADDR_NO_RANDOMIZE:
        return
    if _libc.personality(now | _ADDR_NO_RANDOMIZE) != -1 and _libc.personality(_ASK) & _ADDR_NO_RANDOMIZE:
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 (this very program)


def bare_fork() -> int:
    """Fork as `os.fork` does, without what Python's modules then do in the child; for a process with one thread.

    They make their locks anew, in case another thread has held them. That writes to 270 pages, and each of them is copied.
    """
    if sys.platform != "linux":
        return os.fork()
    pid = int(_with_lock.fork())
    if pid < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return pid


def drop_capabilities() -> None:
    header, none = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    if _libc.capset(header, none):
        raise Unconfined(f"capset: {os.strerror(ctypes.get_errno())}")


def has_close_range() -> bool:
    """Whether closing all descriptors is one call (Linux 5.9, glibc 2.34), whatever their number."""
    return hasattr(_libc, "close_range")


def mapped() -> int:
    """The address space this process has mapped, in bytes, which is what RLIMIT_AS counts."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def limit_memory(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


def threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))
