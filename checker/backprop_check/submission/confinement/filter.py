"""The system calls a worker may make: an allow list, as a seccomp program made once and loaded in each worker.

A deny list would not know the calls of kernels to come. The list is what torch, numpy and Python's own machinery were seen to use when they
compute, print and fail, without opening anything.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import tempfile

from backprop_check.submission.confinement.kernel import PR_SET_SECCOMP, SECCOMP_MODE_FILTER, Unconfined, prctl

COMPUTE = (
    "read", "write", "sendto", "recvfrom", "getsockname", "getsockopt", "poll", "ppoll", "close", "lseek", "fstat", "getcwd",
    "munmap", "mremap", "madvise", "brk",
    "futex", "sched_yield", "sched_getaffinity",
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall",
    "clock_gettime", "clock_getres", "gettimeofday", "time", "nanosleep", "clock_nanosleep", "times", "getrusage",
    "getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid", "uname", "sysinfo",
    "getrandom", "exit", "exit_group",
)  # fmt: skip
"""All a worker may call, whatever the arguments."""

FILES = (
    "open", "openat", "openat2", "creat", "stat", "lstat", "newfstatat", "statx", "access", "faccessat", "faccessat2",
    "readlink", "readlinkat", "getdents", "getdents64", "chdir", "mkdir", "mkdirat", "unlink", "unlinkat",
    "rename", "renameat", "renameat2", "statfs", "execve", "execveat",
)  # fmt: skip
"""Refused with EACCES, as Landlock does, so that both layers look alike; everything else is refused with EPERM."""

_PROT_EXEC = 4
_IOCTL = {"FIONBIO": 0x5421, "FIONREAD": 0x541B, "TCGETS": 0x5401}
_FCNTL = {"F_GETFD": 1, "F_GETFL": 3, "F_SETFL": 4}  # not F_SETOWN, which sends signals to others


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def compiled() -> bytes:
    """Return the filter for this machine's architecture. Calls in the way of other architectures (int 0x80, x32) kill.

    Raises `Unconfined` where pyseccomp or the library it speaks for is not installed.
    """
    try:
        import pyseccomp as seccomp
    except (ImportError, RuntimeError) as error:  # RuntimeError: the package is there, libseccomp.so.2 is not
        raise Unconfined(f"{error}: pip install pyseccomp landlockpy, and the system's libseccomp 2") from None
    rules = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
    for name in COMPUTE:
        _add(rules, seccomp.ALLOW, name)
    for name in FILES:
        _add(rules, seccomp.ERRNO(errno.EACCES), name)
    for request in _IOCTL.values():
        rules.add_rule(seccomp.ALLOW, "ioctl", seccomp.Arg(1, seccomp.EQ, request))
    for command in _FCNTL.values():
        rules.add_rule(seccomp.ALLOW, "fcntl", seccomp.Arg(1, seccomp.EQ, command))
    # No page becomes code: what was taken out of torch cannot be put back.
    for name in ("mmap", "mprotect"):
        rules.add_rule(seccomp.ALLOW, name, seccomp.Arg(2, seccomp.MASKED_EQ, _PROT_EXEC, 0))
    # Only to read one's own limits.
    rules.add_rule(seccomp.ALLOW, "prlimit64", seccomp.Arg(0, seccomp.EQ, 0), seccomp.Arg(2, seccomp.EQ, 0))
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def _add(rules: object, action: object, name: str) -> None:
    with contextlib.suppress(ValueError):  # a call that this library or architecture does not know is refused by the default
        rules.add_rule(action, name)  # type: ignore[attr-defined]


def load(program: bytes) -> None:
    """Put the filter in force for the rest of this process's life. `PR_SET_NO_NEW_PRIVS` must be set."""
    rules = _Program(len(program) // 8, program)
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(rules))
