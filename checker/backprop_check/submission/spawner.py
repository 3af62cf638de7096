"""Workers that are started one by one, for systems where nothing forks: each is a Python of its own that loads torch first."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from typing import NoReturn

from backprop_check.submission.python import python_on
from backprop_check.submission.warm import warm_up
from backprop_check.submission.workers import Gone

PROGRAM = "backprop_check.submission.spawner:main"
TOKEN = 32
PATIENCE = 120.0
"""Seconds that a worker may take to load torch and report."""

LOOK = 0.5
"""Seconds after which it is looked whether it has ended meanwhile."""


class Spawner:
    """A source of workers (see `Workers`). They report to a socket of this machine, with a token that only they were told.

    The first is started at once and the next, if `ahead`, whenever one is taken: loading torch is most of what a worker costs.
    """

    def __init__(self, ahead: bool = True) -> None:
        self._ahead, self._running = ahead, dict[int, subprocess.Popen[bytes]]()
        self._token = secrets.token_hex(TOKEN // 2).encode()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(LOOK)
        self._next: subprocess.Popen[bytes] | None = self._start()

    def spawn(self) -> tuple[socket.socket, int]:
        process = self._next or self._start()
        self._next = None
        end = self._reported(process)
        self._running[process.pid] = process
        if self._ahead:
            self._next = self._start()
        return end, process.pid

    def end(self, pid: int, patience: float = 0.0) -> int | None:
        process = self._running.pop(pid)
        code = process.poll()
        if code is None and patience:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = process.wait(patience)
        _kill(process)
        return code

    def close(self) -> None:
        for process in [*self._running.values(), *([self._next] if self._next else [])]:
            _kill(process)
        self._running, self._next = {}, None
        self._server.close()

    def __enter__(self) -> Spawner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> subprocess.Popen[bytes]:
        command = python_on(PROGRAM, str(self._server.getsockname()[1]))
        nowhere, hidden = subprocess.DEVNULL, getattr(subprocess, "CREATE_NO_WINDOW", 0)
        process = subprocess.Popen(  # noqa: S603 (this interpreter, our own module)
            command, stdin=subprocess.PIPE, stdout=nowhere, stderr=nowhere, start_new_session=True, creationflags=hidden
        )
        assert process.stdin is not None
        with contextlib.suppress(OSError):  # it has ended already: who takes it finds out
            process.stdin.write(self._token)
            process.stdin.flush()
        return process  # its standard input stays open: when this process ends, however it does, that is its end too

    def _reported(self, process: subprocess.Popen[bytes]) -> socket.socket:
        """Return the end of the channel of the worker that was started last; other callers are turned away."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            ended = process.poll() is not None
            with contextlib.suppress(OSError):
                end, _ = self._server.accept()
                end.settimeout(LOOK)
                if secrets.compare_digest(_token(end), self._token):
                    end.settimeout(None)
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # frames are short, and each is waited for
                    return end
                end.close()
                continue
            if ended:
                break
        _kill(process)
        raise Gone("a worker could not be started")


def _token(end: socket.socket) -> bytes:
    """What is said first. Windows waits for no whole message (`MSG_WAITALL`) where there is a time limit."""
    told = b""
    while len(told) < TOKEN and (more := end.recv(TOKEN - len(told))):
        told += more
    return told


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process that may have ended, and, where there are process groups, whatever it started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()


def main(port: str) -> NoReturn:
    """Be a worker: load torch, report to `port` with the token read from standard input, and serve one submission."""
    warnings.filterwarnings("ignore", message="Failed to initialize NumPy")  # nothing here needs it
    token = sys.stdin.buffer.read(TOKEN)
    _end_with(os.dup(0))
    warm_up()
    from backprop_check.submission.refuse import remove_autograd
    from backprop_check.submission.worker import refuse_and_settle, serve

    remove_autograd()
    refuse_and_settle(confined=False)
    if hasattr(signal, "SIGINT"):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError):  # whoever asked has ended
        end = socket.create_connection(("127.0.0.1", int(port)))
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        end.sendall(token)
        with contextlib.suppress(BaseException):  # whatever ended the worker, the judge sees the channel close
            serve(end, confined=False)
    os._exit(0)


def _end_with(line: int) -> None:
    """End this process when `line`, which whoever started it holds open, is closed, whatever runs here. Standard input is empty then."""

    def wait() -> NoReturn:
        os.read(line, 1)
        os._exit(1)

    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.close(nowhere)
    threading.Thread(target=wait, daemon=True).start()
