"""The lecture's exercise as it stands in its notebook: float32, its sizes and initialisation, and a `cmp` for each of its 26 gradients."""

from __future__ import annotations

import contextlib
import linecache
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backprop_check import cmp
from backprop_check.exercise.course import packaged_course
from backprop_check.exercise.parse import read_exercise
from backprop_check.recording import recording
from backprop_check.trace.graph import one_thread

sys.path.insert(0, str(Path(__file__).parents[1]))
from test_lecture import LECTURE

SEEDS = 15

SETUP = """
import torch
import torch.nn.functional as F
vocab_size, n_embd, block_size, n_hidden, n = 27, 10, 3, 64, 32
g = torch.Generator().manual_seed(seed)
C = torch.randn((vocab_size, n_embd), generator=g)
W1 = torch.randn((n_embd * block_size, n_hidden), generator=g) * (5/3)/((n_embd * block_size)**0.5)
b1 = torch.randn(n_hidden, generator=g) * 0.1
W2 = torch.randn((n_hidden, vocab_size), generator=g) * 0.1
b2 = torch.randn(vocab_size, generator=g) * 0.1
bngain = torch.randn((1, n_hidden), generator=g) * 0.1 + 1.0
bnbias = torch.randn((1, n_hidden), generator=g) * 0.1
Xb = torch.randint(0, vocab_size, (n, block_size), generator=g)
Yb = torch.randint(0, vocab_size, (n,), generator=g)
parameters = [C, W1, b1, W2, b2, bngain, bnbias]
for p in parameters:
    p.requires_grad = True
"""

EXERCISE = read_exercise(packaged_course().find("ex13"))
FORWARD = "".join(f"{line.name} = {line.source}\n" for line in EXERCISE.lines if line.name not in ("n", "vocab_size", "n_embd"))
NODES = [target.node for target in EXERCISE.targets]
BACKWARD = f"""
for t in [{", ".join(NODES)}, loss]:
    t.retain_grad()
loss.backward()
"""
CELL = SETUP + FORWARD + BACKWARD + LECTURE
CALLS = "".join(f"cmp({node!r}, d{node}, {node})\n" for node in NODES)


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """Small operations in several threads wait for each other longer than they take, where other processes are at work."""
    with one_thread():
        yield


def ran(seed: int, name: str, text: str, record: bool) -> dict[str, Any]:
    """Run a file of that text, as `python name` would, and return its names."""
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    names = {"__name__": "__main__", "seed": seed, "cmp": cmp}
    with recording() if record else contextlib.nullcontext():
        exec(compile(text, name, "exec"), names)
    return names


@pytest.mark.parametrize("record", [False, True])
def test_25_are_right_and_one_lost_an_axis(capsys: pytest.CaptureFixture[str], record: bool) -> None:
    ran(0, "lecture.py", CELL + CALLS, record)
    said = capsys.readouterr().out
    lines = [line for line in said.splitlines() if " | exact: " in line]
    assert len(lines) == 26
    wrong = [line for line in lines if "approximate: True " not in line]
    assert [line.split()[0] for line in wrong] == ["bnmeani"]
    assert wrong[0].endswith("exact: False | approximate: False | shape: (64,), not (1, 64)")
    assert "dbnmeani = (-dbndiff).sum(0)\n" in said
    assert "The numbers are right; the shape is not: sum(0) drops the axis it runs over." in said
    assert said.count("help:") == 1


@pytest.mark.parametrize("record", [False, True])
def test_no_false_alarm_in_many_seeds(capsys: pytest.CaptureFixture[str], record: bool) -> None:
    once = CELL + "dbnmeani = dbnmeani[None]\nright = []\n" + CALLS.replace("cmp(", "right += [cmp(").replace(")\n", ")]\n")
    for seed in range(SEEDS // 3 if record else SEEDS):
        right = ran(seed, "lecture.py", once, record)["right"]
        assert right == [True] * 26, capsys.readouterr().out
        capsys.readouterr()
