"""Submissions as learners save them."""

from __future__ import annotations

import json

import pytest
from asking import HEADER, Judge, function
from graphs import MLP, MLP_RIGHT

NAMES = "x, W1, b1, W2, n, pre, h, o, loss"
LINES = [line for line in MLP_RIGHT.splitlines() if line]
RIGHT = function(NAMES.split(", "), MLP_RIGHT)
ALL = ["do", "dW2", "dh", "dpre", "dW1", "db1", "dx"]


def said(ask: Judge, text: str, suffix: str = ".py", **how: object) -> dict[str, str]:
    judged = ask.text(MLP, text, suffix, **how)
    assert judged.message is None, judged.message
    return judged.all_said()


def only(**expected: str) -> dict[str, str]:
    return dict.fromkeys(ALL, "correct") | expected


def notebook(*cells: str | tuple[str, str], **more: object) -> str:
    made = [
        {"cell_type": kind, "source": text.splitlines(keepends=True), "metadata": {}}
        for kind, text in ((c if isinstance(c, tuple) else ("code", c)) for c in cells)
    ]
    return json.dumps({"cells": made, "nbformat": 4, "nbformat_minor": 5, "metadata": {}, **more})


@pytest.mark.parametrize(
    "text",
    [
        RIGHT.replace("\n", "\r\n"),
        RIGHT.replace("\n", "\r"),
        "\ufeff" + RIGHT,
        "\ufeff" + RIGHT.replace("\n", "\r\n"),
        "# -*- coding: utf-8 -*-\n# ∂loss/∂W2 — naïve\n" + RIGHT,
        RIGHT.rstrip("\n"),
        RIGHT.replace("    ", "\t"),
        RIGHT + "\n\x0c\n# the end\n",
        RIGHT.replace("loss)", "loss, dlogits)"),
        RIGHT.replace("def backward", "async def backward"),
        RIGHT.replace("(n,", "(\n    n,"),
        RIGHT.replace("do = 2 * o / n", "do = (  # the mean's 1/n\n        2 * o\n        / n\n    )"),
        RIGHT.replace("do = 2 * o / n", "do = 2 * o \\\n        / n"),
        RIGHT.replace("do = 2 * o / n", "do = 2 * o / n; pass"),
        RIGHT.replace("do = 2 * o / n", "do = 2 * o / n  # ∂ é 漢字"),
        RIGHT.replace("do = 2 * o / n", "größe = 2; do = größe * o / n"),
        '"""A docstring."""\nfrom __future__ import annotations\n' + RIGHT,
        RIGHT.replace("def backward(x, W1,", "def backward(x: 'Tensor', W1: Unknown,").replace("):\n", ") -> Nothing:\n"),
        RIGHT.replace("def backward(", "@decorated\n@torch.no_grad()\ndef backward("),
        RIGHT.replace("loss)", "loss, /)"),
        RIGHT.replace("x, W1", "*, x, W1"),
        RIGHT.replace("x, W1", "x, /, W1").replace("n, pre", "*, n, pre"),
        RIGHT.replace("loss)", "loss=None)").replace("o, loss", "o=3, loss"),
        RIGHT.replace("loss)", "*args, **kwargs)").replace("x, W1", "x, W1"),
        RIGHT.replace(", loss)", ")").replace(", pre", "").replace(", b1", ""),
        RIGHT.replace("x, W1, b1, W2, n, pre, h, o, loss", "o, n, h, W2, x, W1"),
        RIGHT.replace("import torch\n", "import torch as th, torch\nfrom torch import *\nfrom torch import nn\nimport math, os.path\n"),
        RIGHT.replace(HEADER, "", 1).replace("def backward", "import torch\ndef backward"),
        "def backward(x):\n    do = None\n\n\n" + RIGHT,
        RIGHT.replace("\ndef backward", "\nclass Model:\n    def backward(self, g):\n        raise ValueError\n\n\ndef backward"),
    ],
)
def test_right_however_it_is_saved(ask: Judge, text: str) -> None:
    assert said(ask, text) == only()


def test_a_renamed_parameter_costs_what_reads_it(ask: Judge) -> None:
    assert said(ask, RIGHT.replace("x, W1,", "x, W9,")) == only(dx="error")


def test_what_must_not_run(ask: Judge) -> None:
    top = """
import sys
import torch
import matplotlib_not_here.pyplot as plt

N_EMBD, LR = 10, 0.1
words = open('names.txt').read().splitlines()
plt.plot(words)
for step in range(10**9):
    pass
while True:
    break
assert False
if __name__ == '__main__':
    sys.exit(3)
with open('/nonexistent') as f:
    f.read()
g = torch.Generator().manual_seed(1)
loss.backward()
1 / 0
sys.exit()
raise SystemExit
lambda: 1
print(undefined)
del undefined
"""
    judged = ask.text(MLP, top + RIGHT.replace(HEADER, "") + "\n\nbackward(1, 2, 3)\nsys.exit()\nwhile True: pass\n")
    assert judged.all_said() == only()
    assert judged.trouble == ()


def test_literals_and_helpers_are_there(ask: Judge) -> None:
    text = "TWO: int = 2\nONE, (ZERO,) = 1, (0,)\nTABLE = {'two': [2, -2]}\nsquare = lambda t: t**2\nasync def never(): pass\n\ndef slope(h):\n    return ONE - square(h)\n\n\n"
    body = MLP_RIGHT.replace("2 * o", "TABLE['two'][ZERO] * o").replace("(1 - h**2)", "slope(h)")
    assert said(ask, text + function(NAMES.split(", "), body)) == only()


@pytest.mark.parametrize(
    ("line", "broken"),
    [
        ("dh = do @ W2.T", "dh = do @ (W2.T"),
        ("dh = do @ W2.T", "dh = do @ W2.T)"),
        ("dh = do @ W2.T", "dh = do @"),
        ("dh = do @ W2.T", "dh = = do"),
        ("dh = do @ W2.T", "dh = 'do"),
        ("dh = do @ W2.T", "dh = do W2"),
        ("dh = do @ W2.T", "dh = 3do"),
        ("dh = do @ W2.T", "dh = do[0"),
        ("dh = do @ W2.T", "dh = {do: 1"),
        ("dh = do @ W2.T", "dh = do @ W2.T if"),
        ("dh = do @ W2.T", "dh = lambda: (yield"),
        ("dh = do @ W2.T", "dh = do × W2"),
        ("dh = do @ W2.T", "dh = do @ W2.T \\"),
        ("dh = do @ W2.T", "dh = 1_"),
        ("dh = do @ W2.T", "    dh = do @ W2.T"),
        ("dh = do @ W2.T", "  dh = do @ W2.T"),
        ("dh = do @ W2.T", "dh = break"),
        ("dh = do @ W2.T", "dh += do ="),
        ("dh = do @ W2.T", "dh = f'{do'"),
        ("dh = do @ W2.T", "dh = (do,\n          W2"),
        ("dh = do @ W2.T", "for i in range(3)\n        dh = do"),
        ("dx = dpre @ W1.T", "dx = dpre @ (W1.T"),
        ("dx = dpre @ W1.T", "dx = dpre @"),
        ("dx = dpre @ W1.T", "dx ="),
        ("do = 2 * o / n", "do = 2 * (o / n"),
        ("do = 2 * o / n", "do = 2 * o /"),
        ("do = 2 * o / n", "do = 2o"),
    ],
)
def test_a_line_that_does_not_parse_costs_its_own_target(ask: Judge, line: str, broken: str) -> None:
    name = line.split()[0]
    assert said(ask, RIGHT.replace(line, broken)) == only(**{name: "error"})


def test_a_line_out_of_place(ask: Judge) -> None:
    """A line at the left margin ends the function for Python; here it costs its own target."""
    assert said(ask, RIGHT.replace("    dh = do @ W2.T", "dh = do @ W2.T")) == only(dh="error")


def test_two_broken_lines(ask: Judge) -> None:
    text = RIGHT.replace("dh = do @ W2.T", "dh = do @ (W2.T").replace("db1 = dpre.sum(0)", "db1 = dpre.sum(0")
    assert said(ask, text) == only(dh="error", db1="error")


def test_a_broken_line_mended_below(ask: Judge) -> None:
    assert said(ask, RIGHT.replace("dh = do @ W2.T", "dh = do @ (W2.T\n    dh = do @ W2.T")) == only()


def test_a_broken_helper_line(ask: Judge) -> None:
    assert said(ask, RIGHT.replace("dh = do @ W2.T", "tmp = do @ (\n    dh = do @ W2.T")) == only()


def test_an_open_triple_quote_or_bracket_at_the_end(ask: Judge) -> None:
    assert said(ask, RIGHT + "    note = (1, 2\n") == only()
    judged = ask.text(MLP, RIGHT + '    """ a note\n')
    assert judged.message or judged.verdicts["do"].status == "correct"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "def helper(:\n    pass\n",
        "x = = 3\n",
        "print 'old'\n",
        "for i in range(3) print(i)\n",
        "class A\n    pass\n",
        "'unclosed\n",
        "a = (1,\n",
        "    indented = 1\n",
        "%matplotlib inline\n",
        "!pip install torch\n",
    ],
)
def test_a_break_elsewhere_in_the_file(ask: Judge, elsewhere: str) -> None:
    assert said(ask, RIGHT + "\n\n" + elsewhere) == only()
    assert said(ask, HEADER + elsewhere + "\n\n" + RIGHT.replace(HEADER, "")) == only()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (RIGHT.replace("def backward", "def backwards"), "backward"),
        ("import torch\nbackward = lambda x: x\n", "backward"),
        ("x = 3\n", "backward"),
        ("class A:\n    def backward(self, x):\n        pass\n", "backward"),
        ("def backward(x:\n", ":1"),
        (")))(((\n", ":1"),
        ("\x00\x01", "binary"),
        ("", "empty"),
        ("   \n\n", "empty"),
        ("{}", "backward"),
        ("<html>\n<body>\n", ":1"),
    ],
)
def test_what_cannot_be_judged_is_said_in_one_line(ask: Judge, text: str, word: str) -> None:
    judged = ask.text(MLP, text)
    assert judged.message is not None
    assert word in judged.message, judged.message


@pytest.mark.parametrize(
    ("text", "word"),
    [("", "empty"), ("{", "notebook"), ("[]", "notebook"), ("{}", "notebook"), ('{"cells": 3}', "notebook"), ('{"cells": [{"cell_type": "code", "source": 3}]}', "backward"),
     ('{"cells": []}', "backward"), ("3", "notebook"), ("[" * 100000, "notebook"), ('{"cells": [{"cell_type": "markdown", "source": "def backward(x): pass"}]}', "backward"),
     ('{"cells": [3]}', "notebook"), ('{"worksheets": []}', "notebook")],
)  # fmt: skip
def test_notebooks_that_are_none(ask: Judge, text: str, word: str) -> None:
    judged = ask.text(MLP, text, ".ipynb")
    assert judged.message is not None
    assert word in judged.message, judged.message


def test_other_suffixes_and_encodings(ask: Judge) -> None:
    assert "neither .py nor .ipynb" in (ask.text(MLP, RIGHT, ".txt").message or "")
    path = ask.folder / "latin.py"
    path.write_bytes(("# caf\xe9\n" + RIGHT).encode("latin-1"))
    assert "UTF-8" in (ask.file(MLP, path).message or "")
    path.write_bytes(RIGHT.encode("utf-16"))
    assert ask.file(MLP, path).all_said() == only()
    assert ask.file(MLP, ask.folder).message
    assert ask.file(MLP, ask.folder / "not_there.py").message


def test_arguments_that_swallow_all(ask: Judge) -> None:
    """Names bind one by one; what only `**kwargs` would hold is an undefined name, and costs what needs it."""
    text = (
        HEADER
        + "def backward(o, n, h, **rest):\n    do = 2 * o / n\n    dW2 = h.T @ do\n    dh = do @ rest['W2'].T\n    dpre = (1 - h**2) * dh\n"
    )
    assert said(ask, text) == {
        "do": "correct",
        "dW2": "correct",
        "dh": "error",
        "dpre": "correct",
        "dW1": "missing",
        "db1": "missing",
        "dx": "missing",
    }


def test_notebook(ask: Judge) -> None:
    text = notebook(
        ("markdown", "# My answers\ndef backward(: no code"),
        "%matplotlib inline\n!pip install torch\nimport torch\nimport torch.nn.functional as F\nimport not_here",
        "words = open('names.txt')\nfor w in words:\n    %time print(w)\n?help\nx = !ls\ndef double(t):\n    return 2 * t",
        ("raw", "def backward(): raw"),
        "%%bash\nls (((",
        "%%html\n<b>",
        f"def backward({NAMES}):\n    do = 5",
        f"def backward({NAMES}):\n" + "".join(f"    {line.replace('2 * o', 'double(o)')}\n" for line in LINES),
        "await something()\nbackward(1)",
        "loss.backward()\nwhile True:\n    pass",
        "",
    )
    judged = ask.text(MLP, text, ".ipynb")
    assert judged.message is None, judged.message
    assert judged.all_said() == only()
    assert judged.submission is not None
    assert judged.submission.place.endswith("[6]")


def test_notebook_details(ask: Judge) -> None:
    cell = f"import torch\nimport torch.nn.functional as F\ndef backward({NAMES}):\n" + "".join(f"    {line}\n" for line in LINES)
    assert said(ask, notebook(cell), ".ipynb") == only()
    assert said(ask, json.dumps({"cells": [{"cell_type": "code", "source": cell}]}), ".ipynb") == only()
    assert said(ask, json.dumps({"worksheets": [{"cells": [{"cell_type": "code", "input": cell}]}]}), ".ipynb") == only()
    assert said(ask, "\ufeff" + notebook(cell), ".ipynb") == only()
    assert said(ask, notebook(cell.replace("dh = do @ W2.T", "dh = do @ (W2.T")), ".ipynb") == only(dh="error")
    assert said(ask, notebook(cell, "x = = 3"), ".ipynb") == only()
    assert said(ask, notebook(cell, "def backward(self):\n    return 3\n".replace("backward", "forward")), ".ipynb") == only()


def test_marked_cells(ask: Judge) -> None:
    """`%%backward` cells are the body itself; the last one that belongs to this exercise counts."""
    identity = ask.graph(MLP).exercise.id
    right = "%%backward\n" + "\n".join(LINES)
    assert said(ask, notebook("import torch", right), ".ipynb") == only()
    assert said(ask, notebook("import torch", right.replace("%%backward", f"%%backward {identity}")), ".ipynb") == only()
    assert (
        said(ask, notebook("import torch", right, right.replace("%%backward", "%%backward ex99").replace("do = 2", "do = 3")), ".ipynb")
        == only()
    )
    assert said(ask, notebook("import torch", right, right.replace("do = 2", "do = 3")), ".ipynb") == only(do="incorrect")
    assert said(ask, notebook("import torch", right.replace("dh = do @ W2.T", "dh = do @")), ".ipynb") == only(dh="error")
    assert said(ask, notebook("import torch", "%%backward\ndo = 2 * o / n\nreturn do\ndh = do @ W2.T"), ".ipynb")["do"] == "correct"
    assert said(ask, notebook("import torch", f"%%backward {identity}  # my answer\n%time\n" + "\n".join(LINES)), ".ipynb") == only()


def test_several_backwards_for_several_exercises(ask: Judge) -> None:
    """The learner's notebook holds the `backward` of other graphs too; the last cell counts, and says so if it is another's."""
    other = "def backward(counts, s):\n    dcounts = s"
    cell = f"import torch\ndef backward({NAMES}):\n" + "".join(f"    {line}\n" for line in LINES)
    judged = ask.text(MLP, notebook(cell, other), ".ipynb")
    assert judged.message is None or "counts" in judged.message


def test_lines_are_those_of_the_file(ask: Judge) -> None:
    judged = ask.text(MLP, RIGHT.replace("dh = do @ W2.T", "dh = (\n        do @ W2\n    )"))
    raised = judged.verdicts["dh"].answer.raised
    assert raised is not None and raised.span is not None and judged.submission is not None
    line, start, _, end = raised.span
    assert judged.submission.lines[line - 1][start:end] == "do @ W2"


def test_a_long_submission(ask: Judge) -> None:
    filler = "".join(f"    helper{i} = o + {i}\n" for i in range(300))
    assert said(ask, RIGHT.replace("    do = ", filler + "    do = ")) == only()


def test_deep_expressions(ask: Judge) -> None:
    deep = "+".join(["0"] * 800) + "+ do @ W2.T"
    assert said(ask, RIGHT.replace("dh = do @ W2.T", f"dh = {deep}")) == only()
    assert said(ask, RIGHT.replace("dh = do @ W2.T", "dh = " + "(" * 150 + "do @ W2.T" + ")" * 150)) == only()
    assert said(ask, RIGHT.replace("dh = do @ W2.T", "dh = " + "(" * 5000 + "do @ W2.T" + ")" * 5000)) == only(dh="error")
    assert said(ask, RIGHT.replace("dh = do @ W2.T", "dh = " + "-" * 100000 + "do")) == only(dh="error")
