"""Keys as they are pressed, without Enter, on a terminal that is left as it was found."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

QUIT = "q"


class Keys:
    """What comes in on standard input. `pressed()` gives keys on a terminal; of a pipe only its end counts, and means quit."""

    def __init__(self, descriptor: int | None, terminal: bool) -> None:
        self.descriptor, self.terminal = descriptor, terminal

    def pressed(self) -> list[str]:
        """Return the keys read now that the descriptor is readable; the end of the input is `QUIT`."""
        assert self.descriptor is not None
        try:
            given = os.read(self.descriptor, 1024)
        except OSError:
            given = b""
        if not given or (self.terminal and b"\x04" in given):
            return [QUIT]
        return list(given.decode(errors="ignore").lower()) if self.terminal else []


@contextlib.contextmanager
def keyboard() -> Iterator[Keys]:
    """Read standard input key by key, and put the terminal back however this ends: a signal that ends the process included."""
    with _ending_signals():
        descriptor = _descriptor()
        if descriptor is None or not os.isatty(descriptor):
            yield Keys(descriptor, terminal=False)
            return
        import termios
        import tty

        before = termios.tcgetattr(descriptor)

        def listen(*_: Any) -> None:
            tty.setcbreak(descriptor, termios.TCSADRAIN)

        continued = signal.signal(signal.SIGCONT, listen)  # after Ctrl-Z and `fg` the shell has set its own mode
        try:
            listen()
            yield Keys(descriptor, terminal=True)
        finally:
            signal.signal(signal.SIGCONT, continued)
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _descriptor() -> int | None:
    """The descriptor to read keys from: none when input is a file or nothing at all, or the process runs in the background."""
    try:
        descriptor = sys.stdin.fileno()
        if os.isatty(descriptor):
            return None if _in_background(descriptor) else descriptor
        kind = os.fstat(descriptor).st_mode
    except (AttributeError, OSError, ValueError):
        return None
    return descriptor if stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind) else None


def _in_background(terminal: int) -> bool:
    """Whether another job has the terminal: to read or set it now would stop the process."""
    try:
        return os.tcgetpgrp(terminal) != os.getpgrp()
    except OSError:  # a terminal that controls no job
        return False


@contextlib.contextmanager
def _ending_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the process through its `finally` blocks."""

    def end(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
