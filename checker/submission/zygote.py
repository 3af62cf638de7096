"""The process workers are forked from: torch loaded, one thread, no oracle, no learner code."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
from typing import NoReturn

from checker.submission import wire


class Zygote:
    """A handle on the process that forks workers. Close it, or use it as a context manager."""

    def __init__(self, channel: socket.socket, pid: int, process: subprocess.Popen[bytes] | None) -> None:
        self._channel, self._pid, self._process = channel, pid, process

    @classmethod
    def forked(cls) -> Zygote:
        """Fork one from this process. Only for a process that has loaded torch, used no thread of it, and computed no oracle yet."""
        import torch

        torch.set_num_threads(1)
        _warm()
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            ours.close()
            _serve(theirs)
        theirs.close()
        return cls(ours, pid, None)

    @classmethod
    def started(cls) -> Zygote:
        """Start one as a program of its own. For parents that may have used torch's threads: pytest runs, notebook kernels."""
        ours, theirs = socket.socketpair()
        command = [
            sys.executable,
            "-c",
            "import sys; from checker.submission.zygote import main; main(int(sys.argv[1]))",
            str(theirs.fileno()),
        ]
        process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)  # noqa: S603 (this interpreter, our own module)
        theirs.close()
        return cls(ours, process.pid, process)

    def spawn(self) -> tuple[socket.socket, int]:
        """Fork a worker; return the channel to it and its process id."""
        ours, theirs = socket.socketpair()
        socket.send_fds(self._channel, [b"spawn   "], [theirs.fileno()])
        theirs.close()
        header, _ = wire.receive(self._channel)
        return ours, int(header["pid"])

    def end(self, pid: int) -> int:
        """Kill the worker `pid` with its whole process group, wait for it, and return its wait status."""
        self._channel.sendall(b"end     ")
        wire.send(self._channel, {"pid": pid})
        header, _ = wire.receive(self._channel)
        return int(header["status"])

    def close(self) -> None:
        self._channel.close()
        if self._process is not None:
            self._process.wait()
        else:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self._pid, 0)

    def __enter__(self) -> Zygote:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def main(descriptor: int) -> NoReturn:
    import torch

    torch.set_num_threads(1)
    _warm()
    _serve(socket.socket(fileno=descriptor))


def _warm() -> None:
    """Do once what every worker would do first: import its modules, run an operation of each common kind."""
    import torch

    import checker.submission.worker  # noqa: F401

    x = torch.ones(2, 2, dtype=torch.float64)
    _ = ((x @ x.T).exp().sum(1, keepdim=True) * x).reshape(-1)[torch.tensor([0])].clone()


def _serve(channel: socket.socket) -> NoReturn:
    """Answer requests until the other side closes; then end without running anything the parent had at exit."""
    from checker.submission.refuse import remove_autograd

    remove_autograd()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    alive: set[int] = set()

    def end(*_: object) -> NoReturn:
        for pid in alive:
            _reap(pid)
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGHUP, end)
    try:
        while True:
            request, descriptors, _, _ = socket.recv_fds(channel, 8, 1)
            if request == b"spawn   " and descriptors:
                alive.add(pid := _fork_worker(channel, descriptors[0]))
                wire.send(channel, {"pid": pid})
            elif request == b"end     ":
                pid = wire.receive(channel)[0]["pid"]
                alive.discard(pid)
                wire.send(channel, {"status": _reap(pid)})
            else:
                break
    except (wire.Lost, OSError):
        pass
    end()


def _fork_worker(channel: socket.socket, descriptor: int) -> int:
    pid = os.fork()
    if pid:
        os.close(descriptor)
        return pid
    try:
        os.setsid()
        _die_with_parent()
        channel.close()
        from checker.submission.worker import serve

        null = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(null, standard)
        serve(socket.socket(fileno=descriptor))
    except BaseException:  # noqa: S110  (whatever ended the worker, the judge sees the channel close)
        pass
    finally:
        os._exit(0)


def _die_with_parent() -> None:
    """Have the kernel kill this worker when its zygote is killed. Linux only; elsewhere a killed zygote leaves its worker to its clock."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() == 1:
            os._exit(1)


def _reap(pid: int) -> int:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        return os.waitpid(pid, 0)[1]
    return 0
