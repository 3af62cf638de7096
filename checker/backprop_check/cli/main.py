"""The command `backprop-check`: find the command meant, run it, and turn what went wrong into one line and an exit code.

The convention of this folder: arguments are declared in `arguments.py`, so that no help text costs an import. Each command is one module
with `run(args) -> int`, which returns the exit code (0 all correct, 1 some target is not, 2 could not be carried out) and raises `BadInput`
for what a person can mend. It imports torch inside `run`, after it has found its files, by way of `workers(args)`. What it shows goes
through `screen.show`, which alone prints.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

from backprop_check.cli.arguments import COMMANDS, parse
from backprop_check.errors import BadInput

if TYPE_CHECKING:
    from backprop_check.submission.zygote import Zygote

BAD_INPUT, INTERRUPTED, PIPE_CLOSED = 2, 130, 141


def main(argv: Sequence[str] | None = None, zygote: Zygote | None = None) -> int:
    """Run the command that `argv` (default: the process's own) names and return its exit code.

    `zygote` is one that is there already; without it the command forks its own when it needs one.
    """
    # torch warns where there is no numpy; nothing here needs one, and a learner could do nothing with it.
    warnings.filterwarnings("ignore", message="Failed to initialize NumPy")
    try:
        args = parse(spelled_out(sys.argv[1:] if argv is None else argv))
        args.zygote = zygote
        code: int = import_module(f"backprop_check.cli.{args.module}").run(args)
        sys.stdout.flush()
    except BadInput as error:
        return complain(str(error))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Python flushes stdout once more at exit; pointing it at nothing keeps that quiet.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    return code


def entry() -> NoReturn:
    """Run the command as a process, and end it without taking torch down first: that costs as long as half of importing it."""
    code = main()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def spelled_out(argv: Sequence[str]) -> list[str]:
    """Return `argv` with its command named: whatever does not begin with a command is a check."""
    first = argv[0] if argv else ""
    if first in COMMANDS or first in ("-h", "--help", "--version"):
        return list(argv)
    from difflib import get_close_matches  # only for a mistake: it takes a while to load

    if first.isalpha() and (near := get_close_matches(first, COMMANDS, 1)):
        raise BadInput(f"there is no command or exercise {first!r}: did you mean `backprop-check {near[0]}`?")
    return ["check", *argv]


def complain(message: str) -> int:
    """Print one line on standard error and return the exit code for bad input."""
    print("backprop-check: " + " ".join(message.split()), file=sys.stderr)
    return BAD_INPUT


if __name__ == "__main__":
    sys.exit(main())
