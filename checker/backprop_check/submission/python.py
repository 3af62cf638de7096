"""The command that runs a program of ours in a Python of its own."""

from __future__ import annotations

import os
import sys


def python_on(program: str, argument: str) -> list[str]:
    """Return the command that runs `program` (module:function, given `argument`) in a Python of its own.

    Nothing of the current folder can be imported there: a torch.py in it is no torch. What this process can import, the other can: an
    uninstalled checkout, too.
    """
    module, function = program.split(":")
    code = f"import sys; sys.path[:0] = sys.argv[2:]; from {module} import {function}; {function}(sys.argv[1])"
    path = [os.path.abspath(folder) for folder in sys.path if folder and os.path.isabs(folder)]  # noqa: PTH100, PTH117
    return [sys.executable, "-P", "-c", code, argument, *path]
