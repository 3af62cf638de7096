"""The workers of the server, whose work can be broken off when a newer save comes."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading

from backprop_check.submission.workers import Workers

KILL = getattr(signal, "SIGKILL", signal.SIGTERM)


class Superseded(Exception):
    """A newer check is due: what this one would find is of no use."""


class Breakable:
    """Workers for one thread (see `Workers`), while another may end the worker of now and refuse the next."""

    def __init__(self, source: Workers) -> None:
        self.source = source
        self.running = 0
        self._lock, self._refuses = threading.Lock(), threading.Event()

    def spawn(self) -> tuple[socket.socket, int]:
        if self._refuses.is_set():
            raise Superseded
        channel, pid = self.source.spawn()
        with self._lock:
            if not self._refuses.is_set():
                self.running = pid
                return channel, pid
        channel.close()  # a newer check came while it was started
        self.source.end(pid)
        raise Superseded

    def end(self, pid: int, patience: float = 0.0) -> int | None:
        with self._lock:
            self.running = 0  # once it is waited for, its number may be another's
        return self.source.end(pid, patience)

    def begin(self) -> None:
        """Serve again, after a `break_off`."""
        self._refuses.clear()

    def break_off(self) -> None:
        with self._lock:
            self._refuses.set()
            if self.running:
                with contextlib.suppress(OSError):  # it has ended by itself
                    os.kill(self.running, KILL)

    def close(self) -> None:
        self.source.close()

    def __enter__(self) -> Breakable:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
