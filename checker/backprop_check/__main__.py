"""The command as a process: `backprop-check`, or `python -m backprop_check`."""

import contextlib
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130


def entry() -> NoReturn:
    """Run the command and end the process without taking torch down first: that costs as long as half of importing it."""
    interrupted = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal interrupted
        interrupted = True
        if _is_loading("torch"):  # some of its loading swallows whatever is raised; nothing is lost yet
            os._exit(INTERRUPTED)
        signal.default_int_handler(number, frame)

    _open_what_is_closed()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # a job in the background ignores Ctrl-C, and goes on to
        signal.signal(signal.SIGINT, interrupt)
    code = INTERRUPTED
    try:
        from backprop_check.cli.main import main  # here, so that Ctrl-C while it is loaded is no traceback either

        code = main()
        with contextlib.suppress(OSError):  # it has been said already
            sys.stdout.flush()
            sys.stderr.flush()
    except BaseException:
        # What is interrupted while torch is loaded may come out as an import that failed.
        if not interrupted:
            raise
    os._exit(code)


def _open_what_is_closed() -> None:
    """Put nothing where standard input, output or error are closed: else what is opened next would stand in their place."""
    for number, (name, mode) in enumerate({"stdin": "r", "stdout": "w", "stderr": "w"}.items()):
        if getattr(sys, name) is None:
            nothing = os.open(os.devnull, os.O_RDWR)
            if nothing != number:
                os.dup2(nothing, number)
                os.close(nothing)
            os.set_inheritable(number, True)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8"))


def _is_loading(module: str) -> bool:
    return bool(getattr(getattr(sys.modules.get(module), "__spec__", None), "_initializing", False))


if __name__ == "__main__":
    entry()
