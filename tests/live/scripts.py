"""Run a text as a program that is recorded, in this process, and read what it prints."""

from __future__ import annotations

import contextlib
import io
import itertools
import linecache
from typing import Any

from backprop_check import check, cmp
from backprop_check.recording import recording
from backprop_check.trace.graph import one_thread

HEAD = "import math\nimport torch\nimport torch.nn as nn\nimport torch.nn.functional as F\ntorch.manual_seed(0)\n"

_numbers = itertools.count()


def said(text: str, record: bool = True, **given: Any) -> str:
    """Run `HEAD` and a text, and return what it printed."""
    name, whole = f"program{next(_numbers)}.py", HEAD + text
    linecache.cache[name] = (len(whole), None, whole.splitlines(keepends=True), name)
    names = {"__name__": "__main__", "cmp": cmp, "check": check, **given}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), one_thread(), recording() if record else contextlib.nullcontext():
        exec(compile(whole, name, "exec"), names)
    return printed.getvalue()


def caret(said: str) -> str:
    """The source under the first caret."""
    rows = said.splitlines()
    for above, row in itertools.pairwise(rows):
        if "^" in row and "│" in row and "│" in above:
            start = row.index("^")
            length = len(row[start:]) - len(row[start:].lstrip("^"))
            return above[start : start + length]
    return ""
