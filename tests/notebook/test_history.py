"""What of earlier cells runs before a `%%backward` cell: what it needs, as it was last defined, and nothing else."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from backprop_check.exercise.parse import parse_exercise
from backprop_check.submission.cells import cell
from backprop_check.submission.needed import needed
from backprop_check.submission.parse import submission_from

EXERCISE = """import torch


def inputs(N=7):
    return dict(a=torch.randn(N), b=torch.randn(N))


def forward(a, b):
    c = a * b  # (N,)
    s = c.sum()  # ()
    return s


def backward(a, b, c, s):
    dc = ...  # (N,)
    da = ...  # (N,)
    db = ...  # (N,)
"""

CASES = {
    "what is used": (["import slow\nimport math as m", "K = 3"], "da = m.pi * K", "import math as m\nK = 3\n"),
    "through a function": (
        ["import math", "def f(x):\n    return math.pi * x"],
        "da = f(b)",
        "import math\ndef f(x):\n    return math.pi * x\n",
    ),
    "defined twice": (["K = 3", "K = 4"], "da = K", "K = 3\nK = 4\n"),
    "decorated": (
        ["def deco(f): return f", "@deco\ndef g(x):\n    return x"],
        "da = g(b)",
        "def deco(f): return f\n@deco\ndef g(x):\n    return x\n",
    ),
    "beside others in a line": (["J = 1; K = 3"], "da = K", "K = 3\n"),
    "all names of a module": (["from math import *"], "da = pi", "from math import *\n"),
    "what is computed": (["def train(): return 1", "K = train()"], "da = K", "def train(): return 1\nK = train()\n"),
    "a loop": (["for i in range(3):\n    K = i"], "da = K", ""),
    "a name of the exercise": (["b = 5", "db = 7"], "da = b + db", ""),
    "an earlier attempt": (["%%backward\nK = 3"], "da = K", ""),
    "magics and what is no Python": (["%matplotlib inline\nK = 3", "%%bash\nls -l", "K = = 4"], "da = K", "K = 3\n"),
}


@pytest.mark.parametrize("sources, body, due", CASES.values(), ids=CASES)
def test_earlier(sources: list[str], body: str, due: str) -> None:
    exercise = parse_exercise(Path("ex.py"), EXERCISE)
    cells = [cell(f"cell [{n}]", source) for n, source in enumerate(sources, 1)]
    read = submission_from([*cells, cell("cell [9]", f"%%backward\n{body}")], Path("cell [9]"), exercise)
    runs = needed(ast.parse(read.prelude).body, read.needs).runs
    assert ast.unparse(ast.Module(list(runs), [])) == ast.unparse(ast.parse(due))
    assert all(outer.where.endswith(f"of cell [{n}]") for outer in read.above for n in [outer.where[-2]])
