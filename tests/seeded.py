"""Started workers at the price of forked ones: one Python loads torch, and each worker is forked from it before it does anything else.

From there on it is a worker that was started: it reads its token from a pipe, reports over TCP, and ends with that pipe.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import time
from typing import Any, cast

from backprop_check.submission.python import python_on
from backprop_check.submission.spawner import Spawner, main
from backprop_check.submission.warm import warm_up

NUMBERS = struct.Struct("<qq")
START = 0
"""What stands for a process in the request for another."""


class Seeded(Spawner):
    def __init__(self, ahead: bool = True) -> None:
        self._seed, theirs = socket.socketpair()
        with theirs:
            command = python_on("seeded:seed", str(theirs.fileno()))
            self._seed_process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        super().__init__(ahead)

    def close(self) -> None:
        super().close()
        self._seed.close()
        self._seed_process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        theirs, ours = os.pipe()
        socket.send_fds(self._seed, [NUMBERS.pack(START, self._server.getsockname()[1])], [theirs])
        os.close(theirs)
        worker = Forked(self._seed, NUMBERS.unpack(self._seed.recv(NUMBERS.size))[1], os.fdopen(ours, "wb", buffering=0))
        worker.stdin.write(self._token)
        return cast("subprocess.Popen[bytes]", worker)


class Forked:
    """What `Spawner` asks of a process, of one that is the seed's child."""

    def __init__(self, seed: socket.socket, pid: int, stdin: Any) -> None:
        self.pid, self.stdin, self._seed, self._code = pid, stdin, seed, None

    def poll(self) -> int | None:
        if self._code is None:
            self._seed.sendall(NUMBERS.pack(self.pid, 0))
            ended, status = NUMBERS.unpack(self._seed.recv(NUMBERS.size))
            self._code = os.waitstatus_to_exitcode(status) if ended else None
        return self._code

    def wait(self, timeout: float = 60.0) -> int:
        until = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(0.001)
        return code

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)


def seed(descriptor: str) -> None:
    """Fork workers and say how they ended, until the other side closes."""
    warm_up()
    channel = socket.socket(fileno=int(descriptor))
    while True:
        request, descriptors, _, _ = socket.recv_fds(channel, NUMBERS.size, 1)
        if not request:
            os._exit(0)
        pid, port = NUMBERS.unpack(request)
        if pid != START:
            channel.sendall(NUMBERS.pack(*os.waitpid(pid, os.WNOHANG)))
            continue
        if (pid := os.fork()) == 0:
            try:
                os.setsid()
                channel.close()
                os.dup2(descriptors[0], 0)
                os.close(descriptors[0])
                main(str(port))
            finally:
                os._exit(1)
        os.close(descriptors[0])
        channel.sendall(NUMBERS.pack(0, pid))
