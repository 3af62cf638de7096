"""Texts of an exercise, and what stands for the zygote in runs of the plugin in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from backprop_check.submission.zygote import Zygote

ROOT = Path(__file__).parents[2]
SOLUTION = (ROOT / "solutions/ex05_broadcast.py").read_text()
STUB = (ROOT / "exercises/ex05_broadcast.py").read_text()
RIGHT = "(counts * dprobs).sum(1, keepdim=True)"
LOST = SOLUTION.replace(RIGHT, "(counts * dprobs).sum(1)")
MIXED = LOST.replace("dact = torch.ones_like(act)", "dact = ...")

Run = Callable[..., pytest.RunResult]


class Shared:
    """Stands for the zygote the plugin starts and closes; counts that it does so once."""

    def __init__(self, zygote: Zygote) -> None:
        self.spawn, self.end = zygote.spawn, zygote.end
        self.log: list[str] = []

    def start(self) -> Shared:
        self.log.append("started")
        return self

    def close(self) -> None:
        self.log.append("closed")
