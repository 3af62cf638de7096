"""What an exercise names at its top level is there in its forward and in every `backward`; of its own `backward`, nothing is."""

from __future__ import annotations

from asking import Judge

from backprop_check.exercise.course import packaged_course
from backprop_check.exercise.parse import read_exercise
from backprop_check.exercise.top_level import surroundings_text
from backprop_check.trace.graph import load_graph

CONSTANTS = """
import math
import random
import torch
import torch.nn.functional as F

SCALE = 2 ** 0.5
SCALE *= 2
IDX = torch.tensor([0, 2])
TENTHS = torch.tensor([0.1, 0.2, 0.3])
DRAWN = torch.randn(1)
PLAIN = random.random()
HALF: float = 1 / 2
if SCALE > 0:
    SIGN = -1
else:
    SIGN = 1
try:
    import nothing_of_this_name
except ImportError:
    OTHER = 3

class Table:
    rate = 0.25

def twice(x):
    return x * 2

class Step(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x): return x
    @staticmethod
    def backward(ctx, g): return g

def inputs(N=5, C=3):
    return dict(x=torch.randn(N, 3), w=torch.randn(N, 3))

def forward(x, w):
    y = SCALE * x + w * TENTHS * DRAWN * PLAIN
    z = Step.apply(y[:, IDX]) * SIGN * HALF * OTHER * Table.rate
    u = twice(z)
    return u

def backward(x, w, y, z, u, du):
    SECRET = 4242
    dz = ...
    dy = ...
    dx = ...
    dw = ...

HELPER = 7

if __name__ == "__main__":
    raise SystemExit
"""

RIGHT = """
dz = twice(du)                                                                                      # -> correct
dy = torch.zeros_like(y).index_add(1, IDX, dz) * SIGN * HALF * OTHER * Table.rate + 0 * HELPER      # -> correct
dx = SCALE * dy                                                                                     # -> correct
dw = dy * TENTHS * DRAWN * PLAIN                                                                    # -> correct
"""


def test_constants_helpers_and_classes_are_there(ask: Judge) -> None:
    ask.marks(CONSTANTS, RIGHT)


def test_names_of_the_submission_win(ask: Judge) -> None:
    ask.marks(CONSTANTS, RIGHT.replace("SCALE * dy ", "SCALE * dy / 8**0.5 "), prelude="SCALE = 8.0")
    ask.marks(CONSTANTS, "dz = twice(du)  # -> incorrect", prelude="def twice(x):\n    return x * 3")


def test_nothing_of_its_own_backward_is(ask: Judge) -> None:
    ask.marks(CONSTANTS, "dz = du * SECRET  # -> error\ndy = forward(x, w)  # -> error\ndx = inputs()  # -> error")
    for path in packaged_course().solutions.glob("*.py"):
        text = surroundings_text(read_exercise(path).source)
        assert "import torch" in text
        assert "def " not in text


def test_the_judge_runs_the_same(ask: Judge) -> None:
    scope = load_graph(ask.graph(CONSTANTS).exercise).scope
    assert scope["SCALE"] == 2 * 2**0.5
    assert str(scope["TENTHS"].dtype) == "torch.float64"
    assert scope["DRAWN"].equal(ask.graph(CONSTANTS).scope["DRAWN"])
    assert "backward" not in scope
