"""In the zygote: serve a submission of our own, so that Python's code is warm where workers are forked from, and not in each of them.

What a process does first writes into memory that it shares with the one it was forked from, and each page so written is copied.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from contextlib import suppress

import torch

from backprop_check.submission.wire import NONCE, Channel, Lost

ROUNDS = 12
"""After about so many calls Python leaves a function's code as it is."""

BODY = """import torch


def backward(x, w, y, s):
    dy = torch.ones_like(y)
    wide = dy * w
    dx = wide.sum(0)
    dw = dy * x
"""
ORDER = {
    "exercise": "import torch\n",
    "prelude": BODY,
    "needs": ["torch"],
    "modules": {},
    "body": BODY,
    "bare": False,
    "statements": [[["dy"], True, False], [["wide"], True, False], [["dx"], True, False], [["dw"], True, False]],
    "parameters": ["x", "w", "y", "s"],
    "targets": ["dy", "dx", "dw"],
    "early": [],
    "restored": [],
    "doubled": False,
    "prints": False,
    "steps": False,
    "skipped": {},
}


def rehearse(serve: Callable[[socket.socket], None]) -> None:
    """Let `serve` do all that it does for a submission, some times over. What it leaves in this process is taken away."""
    for _ in range(ROUNDS):
        ours, theirs = socket.socketpair()
        finders = list(sys.meta_path)
        with ours, theirs, suppress(Lost):  # it reads on until there is nothing more
            _ask(ours)
            serve(theirs)
        sys.meta_path[:] = finders
        del sys.modules["submission"]


def _ask(end: socket.socket) -> None:
    """Write all that a judge would, at once: what comes back is as long as it is known beforehand."""
    channel = Channel(end, bytes(NONCE))
    x, w = torch.ones(3, dtype=torch.float64), torch.ones(4, 1, dtype=torch.float64)
    values = {"x": x, "w": w, "y": w * x, "s": (w * x).sum()}
    end.sendall(bytes(NONCE))
    channel.send(ORDER)
    for _ in range(3):
        channel.send({"plain": {}, "dtype": "float64"}, values)
        channel.send({}, {"dy": values["y"]})
        channel.send({}, {"dx": values["x"]})
    end.shutdown(socket.SHUT_WR)
