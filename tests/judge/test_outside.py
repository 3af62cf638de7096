"""What stands outside `backward`: what of it runs, and what is said of what does not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import torch
from asking import HEADER, Judge, Judged, function
from graphs import MLP, MLP_RIGHT

from backprop_check.diagnosis.case import Case
from backprop_check.diagnosis.mistakes import undefined_name
from backprop_check.diagnosis.raised.failure import stopped
from backprop_check.flow import check_read
from backprop_check.report.json import as_json
from backprop_check.report.notices import notices
from backprop_check.report.text import report_lines
from backprop_check.submission.parse import read_submission

NAMES = ["x", "W1", "b1", "W2", "n", "pre", "h", "o", "loss"]
TARGETS = ("do", "dW2", "dh", "dpre", "dW1", "db1", "dx")
FIRST = 10
"""The line of the first statement of a body without a prelude; that of a prelude's first is 5."""


@dataclass(frozen=True)
class Told:
    """What is said of a file: which gradients are not right, the notices, and what the rules for stopped lines say of one."""

    judge: Judge
    judged: Judged

    @property
    def statuses(self) -> str:
        assert self.judged.message is None, self.judged.message
        return " ".join(f"{name}:{verdict.status}" for name, verdict in self.judged.verdicts.items() if verdict.status != "correct")

    @property
    def notices(self) -> list[str]:
        assert self.judged.submission is not None
        return list(notices(self.judged.submission, list(self.judged.verdicts.values()), self.judged.submission.trouble))

    def said(self, name: str) -> str:
        assert self.judged.submission is not None
        case = Case(self.judge.graph(MLP), self.judged.submission, self.judged.verdicts[name])
        diagnosis = stopped(case) or undefined_name.find(case)
        assert diagnosis is not None
        return f"{diagnosis.error} | {diagnosis.note} | {diagnosis.help}"


Tell = Callable[..., Told]


@pytest.fixture
def told(ask: Judge, tmp_path: Path) -> Tell:
    """Judge a file `answer.py` (or the notebook `answer.ipynb`) that lies beside others."""

    def tell(text: str, files: Mapping[str, str] | None = None, limit: float = 10.0, name: str = "answer.py") -> Told:
        for path, content in {**(files or {}), name: text}.items():
            (tmp_path / path).parent.mkdir(exist_ok=True)
            (tmp_path / path).write_text(content, encoding="utf-8")
        return Told(ask, ask.file(MLP, tmp_path / name, limit))

    return tell


def reading(*names: str) -> str:
    """A right body of which each line, in turn, reads one of `names` as well, whatever that is."""
    lines = MLP_RIGHT.strip().splitlines()
    assert len(lines) == len(TARGETS) >= len(names)
    return "\n".join(f"{line} + 0 * len(str({name}))" if name else line for line, name in zip(lines, [*names, *[""] * 7], strict=False))


RUNS = """
from __future__ import annotations
import math, os.path as path
from dataclasses import dataclass
from functools import partial
from math import *
import collections.abc

HALF = 1 / 2
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
ones = torch.ones_like
root = partial(math.pow, 4)(HALF)
EPS: jaxtyping.Float[torch.Tensor, "n"] = 0.0
try:
    import torch.nn.functional as FF
except ImportError:
    FF = None
try:
    import not_installed_here as fast
except ImportError:
    print("slow")
    import math as fast
if root > 1:
    double = lambda x: root * x
    print("training")
else:
    double = undefined
with torch.no_grad():
    eye = torch.eye(3)
cfg = dict(scale=1)
cfg["scale"] = cfg["scale"] * 1.0
a, (b, *c) = 1, (0, 0)
a += 0
x = W1 = train()


@dataclass
class Pair:
    left: np.ndarray = 1
    right: "Nothing" = 0


class Base:
    scale: np.ndarray = 1.0

    @staticmethod
    def slope(h: jt.Float) -> "Nothing":
        inner: Undefined = cfg["scale"] - h**2
        return inner * Base.scale


def plot():
    matplotlib.show()


model = train(steps=10**9)
while True:
    pass
if __name__ == "__main__":
    os._exit(1)
"""


def test_plain_computation_runs(told: Tell) -> None:
    body = """
    do = double(o) / n * HALF * 2 * FF.relu(ones(o, device=device))
    dW2 = h.T @ do * a + b + sum(c)
    dh = do @ W2.T * fast.cos(0) * sin(pi / 2)
    dpre = Base.slope(h) * dh * Pair(left=1).left + EPS
    dW1 = x.T @ dpre + 0 * eye.sum()
    db1 = dpre.sum(0)
    dx = dpre @ W1.T
    """
    found = told(function(NAMES, body, RUNS.replace("from __future__ import annotations\n", "")), limit=3)
    assert (found.statuses, found.notices) == ("", []), found.judged


LOST = {
    "for i in range(9):\n    lost = i": (
        "`lost` has no value here | `lost` gets its value on line 5 in a loop, and of the file's top level no loop runs here: only the imports, "
        "functions, classes and assignments that `backward` reads do. | Compute `lost` inside `backward`, or in one assignment."
    ),
    'if __name__ == "__main__":\n    lost = 1': (
        '`lost` has no value here | `lost` gets its value on line 6 under `if __name__ == "__main__":`, which does not run here. | '
        "Compute `lost` inside `backward`, or in one assignment."
    ),
    "if torch.cuda.is_available():\n    lost = 1": (
        "`lost` has no value here | Line 5, `if torch.cuda.is_available():`, gives `lost` its value, but stopped before it could, or was not reached: "
        "a branch that is not taken here, or a `try`. | Give `lost` its value in a line that always runs, or inside `backward`."
    ),
    "lost = 1 / 0": (
        "`lost` has no value here | Line 5, `lost = 1 / 0`, gives `lost` its value, but raised ZeroDivisionError: division by zero. | Mend line 5 first."
    ),
    "for i in range(9):\n    first = i\nlost = first + 1": (
        "`lost` has no value here | Line 7, `lost = first + 1`, gives `lost` its value, but raised NameError: name 'first' is not defined. "
        "`first` gets its value on line 5 in a loop, and of the file's top level no loop runs here: only the imports, "
        "functions, classes and assignments that `backward` reads do. | Compute `first` inside `backward`, or in one assignment."
    ),
    "from tqdm_not_here import lost": (
        "`lost` could not be imported | Line 5, `from tqdm_not_here import lost`: No module named 'tqdm_not_here'. | "
        "Do without `lost`. If it is of your own, its file must lie beside this one, or be handed in with it."
    ),
    "lost = = 1": "`lost` has no value here | Line 5, `lost = = 1`, gives `lost` its value, but does not parse. | Mend line 5 first.",
}  # fmt: skip


def test_a_name_that_is_not_there_is_told_with_its_line(told: Tell) -> None:
    """Each costs the gradient that reads it, and no other."""
    names = [f"lost{number}" for number in range(len(LOST))]
    prelude = [source.replace("lost", name).replace("first", f"first_{name}") for source, name in zip(LOST, names, strict=True)]
    found = told(function(NAMES, reading(*names), "\n".join(prelude)))
    assert found.statuses == " ".join(f"{name}:error" for name in TARGETS)
    line = 5
    for target, name, source, due in zip(TARGETS, names, LOST, LOST.values(), strict=True):
        lines = re.sub(r"(?<=[Ll]ine )\d+", lambda found, line=line: str(int(found[0]) + line - 5), due)
        assert found.said(target) == lines.replace("lost", name).replace("`first`", f"`first_{name}`").replace(
            "'first'", f"'first_{name}'"
        ).replace("= first +", f"= first_{name} +")
        line += source.count("\n") + 1
    assert not any("name of yours" in found.said(target) for target in TARGETS)


def test_what_does_not_run_and_would_have_changed_a_value_is_said(told: Tell) -> None:
    prelude = "rows = [2]\nrows.append(3)\nscale = 1\nfor _ in range(3):\n    scale *= 2\nprint(rows, scale)\nrows.count(2)\n"
    found = told(function(NAMES, MLP_RIGHT.replace("2 * o", "rows[0] * o * scale"), prelude))
    assert found.statuses == ""
    assert found.notices == [
        "line 6, `rows.append(3)`, does not run here, so `rows` stays as it was before",
        "line 8, `for _ in range(3):`, does not run here, so `scale` stays as it was before",
    ]


def test_a_slow_assignment_costs_what_reads_it(told: Tell) -> None:
    found = told(
        function(NAMES, reading("", "slow"), "def train():\n    while True:\n        pass\nslow = train()\nunread = train()\n"), limit=1
    )
    assert found.statuses == "dW2:error"
    assert found.said("dW2").startswith(
        "`slow` has no value here | Line 8, `slow = train()`, gives `slow` its value, but took longer than 1 s."
    )


def test_cells_of_a_notebook(told: Tell) -> None:
    cells = [
        "import torch\nHALF = 1 / 2",
        "for i in range(3):\n    W = i\nplt.show()",
        "%%backward\nearlier = 3",
        "def slope(h):\n    return TWO * HALF - h**2\nTWO = 2",
        function(NAMES, reading("W", "earlier").replace("1 - h**2", "slope(h)"))[len(HEADER) :],
    ]
    made = [{"cell_type": "code", "source": cell} for cell in cells]
    found = told(json.dumps({"cells": made, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}), name="answer.ipynb")
    assert found.statuses == "do:error dW2:error"
    assert "`W` gets its value on line 1 of answer.ipynb[2] in a loop" in found.said("do")
    assert "`earlier` gets its value on line 2 of answer.ipynb[3] in another attempt (`%%backward`), and each attempt is judged by itself. | Compute `earlier` inside `backward`." in found.said("dW2")  # fmt: skip


HELPERS = {
    "helpers.py": "import seaborn_not_here\nfrom tools import one\nfrom maths.ops import twice\nONE = one()\ndef slope(h):\n    return ONE - h**2\n"
    "print('training')\nlosses = train()\nwhile True:\n    pass\nbad = 1 / 0\nfor i in range(3):\n    left = i\ndef reads_left(g):\n    return left\n",
    "tools.py": "import helpers\ndef one():\n    return 1\n",
    "maths/ops.py": "from .more import two\nfrom . import more\ndef twice(g):\n    return two * g\n",
    "maths/more.py": "import torch\ntwo = 2\n",
    "math.py": "raise SystemExit\n",
    "torch.py": "raise SystemExit\n",
    "unread.py": "while True: pass\n",
    "broken.py": "def fine(g):\n    return g\ndef bad(:\n    pass\n",
}


def test_modules_beside_it_are_used(told: Tell) -> None:
    body = (
        MLP_RIGHT.replace("(1 - h**2)", "slope(h)")
        .replace("2 * o", "ops.twice(o)")
        .replace("h.T @ do", "helpers.twice(h.T @ do) / broken.fine(2)")
    )
    found = told(
        function(NAMES, body, "import math, helpers, broken\nfrom helpers import slope\nfrom maths import ops\nimport unread\n"),
        HELPERS,
        limit=3,
    )
    assert (found.statuses, found.notices) == ("", []), found.judged
    assert found.judged.submission is not None and {"helpers", "tools", "maths", "maths.ops", "maths.more", "broken"} == set(
        found.judged.submission.modules
    )


def test_what_a_module_beside_it_cannot_give_is_told(told: Tell) -> None:
    found = told(
        function(NAMES, reading("bad", "left", "nothing", "reads_left(3)"), "from helpers import bad, left, nothing, reads_left"), HELPERS
    )
    assert found.statuses == "do:error dW2:error dh:error dpre:error"
    assert found.said("do").startswith("`bad` could not be imported | Line 5, `from helpers import bad, left, nothing, reads_left`: line 11 of helpers.py raised ZeroDivisionError")  # fmt: skip
    assert "`left` could not be imported" in found.said("dW2") and "`nothing` could not be imported" in found.said("dh")
    # `reads_left` reads it in helpers.py, and nothing gives it one there either.
    assert "`left` could not be imported" in found.said("dpre")


def test_a_module_that_asks_autograd_earns_nothing(told: Tell) -> None:
    asks = "import torch\ndef grad(y, x):\n    return torch.autograd.grad(y, x)[0]\ndef fine(g):\n    return g\n"
    found = told(function(NAMES, MLP_RIGHT + "\ndo = fine(do)\ndW2 = grad(loss, W2)\ndh = cheat.grad(loss, h)", "import cheat\nfrom cheat import grad, fine\n"), {"cheat.py": asks})  # fmt: skip
    assert found.statuses == "dW2:incorrect dh:incorrect"
    assert all("autograd-used" in verdict.why for verdict in found.judged.verdicts.values() if verdict.status == "incorrect")


BELOW = "and was passed over: in your own code nothing below it would run"
PASSED = {
    "while True: pass": f"line 11 took longer than 1 s, {BELOW}",
    "return": f"line 11 returns, {BELOW}",
    "if n > 0:\n    return do": f"line 12 returns, {BELOW}",
    "for i in range(3):\n    try:\n        return\n    except ValueError:\n        pass": f"line 13 returns, {BELOW}",
    "raise NotImplementedError()": f"line 11 raised NotImplementedError {BELOW}",
    "assert False, 'not yet'": f"line 11 raised AssertionError: not yet {BELOW}",
    "exit()": f"line 11 raised SystemExit {BELOW}",
    "import os; os._exit(3)": f"line 11 ended the process, with status 3, {BELOW}",
    "import os; os.abort()": f"line 11 ended the process (aborted), {BELOW}",
    "1 / 0": f"line 11 raised ZeroDivisionError: division by zero {BELOW}",
    "late = undefined\nlater = late + 1": f"line 11 raised NameError: name 'undefined' is not defined {BELOW}",
    "g = (1 +": "line 11 could not be read ('(' was never closed) and was passed over: Python itself would refuse the whole file",
    "import not_here_at_all": "line 11 raised ModuleNotFoundError: No module named 'not_here_at_all' (what needs it will not find it)",
}


@pytest.mark.parametrize("line", PASSED)
def test_what_is_passed_over_costs_nothing_and_is_said(told: Tell, line: str) -> None:
    first, *rest = MLP_RIGHT.strip().splitlines()
    found = told(function(NAMES, "\n".join([first, line, *rest])), limit=1 if "while" in line else 10.0)
    assert (found.statuses, found.notices) == ("", [PASSED[line]])


def test_nothing_is_said_of_a_return_at_the_end(told: Tell) -> None:
    found = told(function(NAMES, MLP_RIGHT + "\nreturn dx, dW1"))
    assert (found.statuses, found.notices) == ("", [])


def test_nothing_is_said_of_the_line_that_raises_in_a_blank(told: Tell) -> None:
    """nbgrader's stub: that it is not written yet says it all. Left below an answer it is told, as above."""
    found = told(function(NAMES, "# YOUR CODE HERE\nraise NotImplementedError()"))
    assert (found.statuses, found.notices) == (" ".join(f"{name}:missing" for name in TARGETS), [])


NO_GPU = "RuntimeError: " if torch.backends.cuda.is_built() else "AssertionError: Torch not compiled with CUDA enabled"
"""How torch begins to say that there is none; a build for GPUs says more of the machine."""

ENDS = {
    "while True: pass": ("this took longer than 1 s", "An endless loop"),
    "__import__('os')._exit(3)": ("this ended the process, with status 3", "os._exit"),
    "__import__('ctypes').string_at(0)": ("this ended the process (segmentation fault)", "calls itself without end"),
    "torch.zeros_like(o).cuda()": (NO_GPU, "on the CPU"),
}


def test_an_end_is_told_at_its_statement(ask: Judge, tmp_path: Path) -> None:
    """Not at whatever stands last; in the text as in the JSON."""
    _, exits, crash, cuda = ENDS
    _, _, _, _, *rest = MLP_RIGHT.strip().splitlines()
    body = [
        "do = __import__('time').sleep(30)",
        f"dW2 = {exits}",
        f"dh = {crash}",
        f"dpre = {cuda}",
        *rest[:1],
        "while True: pass",
        *rest[1:],
    ]
    (tmp_path / "answer.py").write_text(function(NAMES, "\n".join(body)))
    report = check_read(ask.graph(MLP).exercise, partial(read_submission, tmp_path / "answer.py"), ask.zygote, 1.0)
    plain = as_json(report)
    assert [g["status"] for g in plain["gradients"]] == ["error"] * 4 + ["correct"] * 3
    for number, ((error, move), gradient) in enumerate(zip(ENDS.values(), plain["gradients"], strict=False)):
        (diagnosis,) = gradient["diagnoses"]
        assert (gradient["line"], gradient["source"]) == (FIRST + number, body[number])
        assert diagnosis["error"].startswith(error) and (diagnosis["span"][0], move in diagnosis["help"]) == (FIRST + number, True)
        assert "TimeoutError" not in diagnosis["evidence"] or number == 0
    assert plain["notices"] == [f"line {FIRST + 5} took longer than 1 s, {BELOW}"]
    text = "\n".join(line.plain for line in report_lines(report, 120))
    assert f"│ dW2 = {exits}" in text and "TimeoutError" not in text and plain["notices"][0] in text


def test_a_loop_that_hangs_is_shown_where_it_begins(told: Tell) -> None:
    first, _, *rest = MLP_RIGHT.strip().splitlines()
    found = told(function(NAMES, "\n".join([first, "dW2 = torch.zeros_like(W2)", "while True:", "    dW2 += 0", *rest])), limit=1)
    assert (found.statuses, found.said("dW2").split(" |")[0]) == ("dW2:error", "this took longer than 1 s")
