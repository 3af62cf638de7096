"""Honest work loses nothing by being judged in confinement, however it is written and saved."""

from __future__ import annotations

import importlib.util
import json
import textwrap
from pathlib import Path
from types import ModuleType

import pytest
from classroom import HEAD, ROOT, SECRET, SOLUTION, grade, lines, task

from backprop_check.exercise.parse import read_exercise
from backprop_check.flow import check
from backprop_check.grading.pool import Pool
from backprop_check.grading.task import Setup, Task
from backprop_check.report.json import as_json
from backprop_check.submission.zygote import Zygote

CASES = ROOT.parent / "shared" / "cases"
SUM = "dcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)"
REST = f"dprobs = (1 - act**2) * dact\ndcounts = counts_sum_inv * dprobs\n{SUM}\n"
PLAIN = "dact = torch.ones_like(act)\n" + REST


def answer(body: str, prelude: str = "") -> str:
    return textwrap.dedent(prelude).strip() + "\n" + HEAD + textwrap.indent(textwrap.dedent(body).strip() + "\n", "    ")


def cells(*cells: tuple[str, str]) -> str:
    made = [{"cell_type": kind, "source": text.splitlines(keepends=True), "metadata": {}, "outputs": []} for kind, text in cells]
    return json.dumps({"cells": made, "nbformat": 4, "nbformat_minor": 5, "metadata": {}})


WAYS: dict[str, str | bytes] = {
    "the solution": SOLUTION,
    "CRLF": SOLUTION.replace("\n", "\r\n"),
    "CR": SOLUTION.replace("\n", "\r"),
    "a byte order mark": "\ufeff" + SOLUTION,
    "tabs": SOLUTION.replace("    ", "\t"),
    "form feeds": answer(PLAIN) + "\x0c\n",
    "a comment of 1 MB": answer(PLAIN) + "# " + "why ∂" * 150_000 + "\n",
    "many comments": answer(PLAIN) + "# why\n" * 100_000,
    "a docstring": answer('"""Mine."""\n' + PLAIN),
    "a table of numbers": answer(PLAIN, f"TABLE = {list(range(20_000))}"),
    "helpers": answer("dact = ones(act)\n" + REST, "def ones(x):\n    return torch.ones_like(x)"),
    "a class": answer(
        "layer = Tanh(act)\ndact = torch.ones_like(act)\ndprobs = layer.backward(dact)\ndcounts = counts_sum_inv * dprobs\n" + SUM,
        "class Tanh:\n    def __init__(self, out):\n        self.out = out\n\n    def backward(self, d):\n        return (1 - self.out**2) * d",
    ),
    "loops": answer(
        """
        dact = torch.zeros_like(act)
        for i in range(act.shape[0]):
            for j in range(act.shape[1]):
                dact[i, j] += 1
        dprobs = (1 - act**2) * dact
        dcounts = torch.stack([counts_sum_inv[i] * dprobs[i] for i in range(len(counts))])
        dcounts_sum_inv = torch.zeros_like(counts_sum_inv)
        i = 0
        while i < len(counts):
            dcounts_sum_inv[i] = sum(counts[i] * dprobs[i])
            i += 1
        """
    ),
    "prints": answer("for i in range(100_000):\n    print(i, 'dact')\n" + PLAIN),
    "prints to stderr": answer("import sys\nprint('x' * 100_000, file=sys.stderr, flush=True)\nsys.stdout.flush()\n" + PLAIN),
    "numpy": answer("dact = torch.from_numpy(np.ones(act.shape))\n" + REST, "import numpy as np\nfrom numpy import linalg"),
    "numpy there and back": answer("dact = torch.tensor(np.ones_like(act.numpy()))\n" + REST, "import numpy as np"),
    "einsum": answer("dact = torch.ones_like(act)\n" + REST.replace("(counts * dprobs).sum(1, keepdim=True)", "torch.einsum('nc,nc->n', counts, dprobs)[:, None]")),
    "in place": answer("dact = torch.zeros_like(act)\ndact += 1\ndact.mul_(1.0)\n" + REST),
    "float32": answer("dact = torch.ones(act.shape, dtype=torch.float32)\n" + REST),
    "float()": answer("dact = torch.ones_like(act).float()\n" + REST),
    "the standard library": answer(
        "with contextlib.suppress(ValueError):\n    pass\nn = functools.reduce(lambda a, b: a * b, act.shape)\nassert n == math.prod(act.shape) and Counter('aa')['a'] == 2\n"
        "assert statistics.mean([1, 3]) == 2 and list(itertools.chain([1], [2])) == [1, 2]\nkept: Kept = Kept(torch.ones_like(act))\ndact = kept.value\n" + REST,
        """
        from __future__ import annotations
        import contextlib, copy, enum, functools, itertools, json, math, operator, random, re, statistics, string, time, warnings
        from collections import Counter, OrderedDict, defaultdict, namedtuple
        from dataclasses import dataclass, field
        from typing import Any, NamedTuple, Optional
        import torch

        @dataclass
        class Kept:
            value: torch.Tensor
            more: list[int] = field(default_factory=list)

        class Colour(enum.Enum):
            RED = 1

        Pair = namedtuple("Pair", "a b")

        @functools.lru_cache(maxsize=None)
        def known(n: int) -> Optional[int]:
            return n
        """,
    ),
    "imports of no use": answer(PLAIN, "import os, sys\nimport matplotlib.pyplot as plt\nimport pandas as pd\nfrom sklearn.model_selection import train_test_split\n%matplotlib inline".replace("%", "# %")),
    "a plot below": answer(PLAIN) + "\nimport matplotlib.pyplot as plt\nplt.plot([1])\nopen('names.txt').read()\n",
    "torch as th": answer(PLAIN.replace("torch.", "th."), "import torch as th\nfrom torch import nn, tensor\nimport torch.nn.functional as F"),
    "f-strings": answer("print(f'{act} {act.sum():.3f} {counts!r:>10}')\ntext = str(act) + repr(act[0])\n" + PLAIN),
    "settings": answer("torch.set_num_threads(2)\ntorch.manual_seed(1337)\ntorch.set_printoptions(precision=3, linewidth=200)\ng = torch.Generator().manual_seed(2147483647)\n" + PLAIN),
    "settings above": answer(PLAIN, "torch.set_num_threads(4)\ntorch.set_default_dtype(torch.float32)\n"),
    "warnings": answer("import warnings\nwarnings.warn('mind')\nwarnings.simplefilter('ignore')\nold = act.T.T\n" + PLAIN),
    "recursion": answer("assert down(400) == 400\n" + PLAIN, "def down(n):\n    return 0 if n == 0 else 1 + down(n - 1)"),
    "a sum of 300 terms": answer("dact = " + " + ".join(["torch.ones_like(act) / 300"] * 300) + "\n" + REST),
    "try": answer("try:\n    dact = torch.ones(999, 999) @ act\nexcept RuntimeError as error:\n    print(error)\n    dact = torch.ones_like(act)\nfinally:\n    pass\n" + REST),
    "generators": answer("dact = torch.stack(list(torch.ones_like(row) for row in act))\ntotal = sum(x.sum() for x in (act, probs))\n" + REST),
    "vmap": answer("dact = torch.vmap(torch.ones_like)(act)\n" + REST),
    "no_grad": answer("with torch.no_grad():\n" + textwrap.indent(PLAIN, "    ")),
    "linear algebra": answer("q, r = torch.linalg.qr(torch.eye(3))\ntorch.testing.assert_close(q @ r, torch.eye(3))\nF.softmax(act, 1)\n" + PLAIN, "import torch\nimport torch.nn.functional as F"),
    "a match": answer("match act.dim():\n    case 2:\n        dact = torch.ones_like(act)\n    case _:\n        dact = None\n" + REST),
    "semicolons": answer(PLAIN.strip().replace("\n", "; ")),
    "other letters": answer("größe = 1; dact = torch.ones_like(act) * größe  # ∂ 漢字 🎓\n" + REST),
    "a return": answer(PLAIN + "return dcounts, dcounts_sum_inv"),
    "copies": answer("import copy\ndact = copy.deepcopy(torch.ones_like(act))\ndact = torch.ones_like(act).clone().detach()\n" + REST),
    "the time": answer("import time, datetime\nt = time.time(); datetime.datetime.now(); time.localtime()\n" + PLAIN),
    "random": answer("import random\nrandom.seed(1); random.random(); noise = torch.randn(3) + torch.rand(3)\n" + PLAIN),
    "an assert that fails": answer(PLAIN + "assert torch.allclose(dact, act)"),
    "a cmp of one's own": answer(PLAIN + "cmp('dact', dact, act)", "def cmp(s, dt, t):\n    ex = torch.all(dt == t).item()\n    print(f'{s:15s} | exact: {str(ex):5s} | {(dt - t).abs().max().item()}')"),
}  # fmt: skip
NOTEBOOKS: dict[str, str] = {
    "a notebook": cells(
        ("markdown", "# Mine\n"), ("code", "%matplotlib inline\n!pip install torch\nimport torch\n"), ("code", answer(PLAIN)), ("raw", "x")
    ),
    "%%backward": cells(
        ("code", "import torch\nhalf = 0.5\n"),
        ("code", "%%backward ex05\n" + PLAIN.replace("torch.ones_like(act)", "2 * half * torch.ones_like(act)")),
    ),
    "written twice": cells(("code", answer("dact = None")), ("code", answer(PLAIN)), ("code", "backward(")),
}
NAMES = (
    "my answer (final) ex05 v2.py",
    "größe ex05.py",
    "漢字🎓_ex05.py",
    'it\'s "mine" ex05.py',
    "-rf ex05.py",
    "ex05;ls $HOME.py",
    "a%2Fb&c ex05.PY",
)


@pytest.mark.parametrize("way", WAYS)
def test_written_that_way(pool: Pool, way: str) -> None:
    _all_right(pool, task(WAYS[way]))


@pytest.mark.parametrize("way", NOTEBOOKS)
def test_notebooks(pool: Pool, way: str) -> None:
    _all_right(pool, task(NOTEBOOKS[way], "ada.ipynb"))


def _all_right(pool: Pool, given: Task) -> None:
    (result,) = pool.judged([given])
    said = {g["name"]: (g["status"], [d["error"] for d in g["diagnoses"]]) for g in result.report["gradients"]}
    assert (result.outcome, result.report["message"], result.score) == ("judged", None, 4.0), (result.report["message"], said)


def test_any_name_and_the_whole_course_by_its_names(tmp_path: Path) -> None:
    """Through the command, without --exercise: names tell the exercise, every name has a line and a page, and every solution full marks."""
    source, out = tmp_path / "class", tmp_path / "out"
    source.mkdir()
    for path in (ROOT / "solutions").glob("*.py"):
        (source / f"ada_{path.name}").write_bytes(path.read_bytes())
    expected = {path.name: (path.name[4:].split("_")[0], "judged", "passed") for path in source.iterdir()}
    for name in NAMES:
        (source / name).write_text(answer(PLAIN))
    grade(source, out, exercise=None)
    told = {name: (line["exercise"], line["outcome"], line["report"]["status"]) for name, line in lines(out).items()}
    assert told == expected | dict.fromkeys(NAMES, ("ex05", "judged", "passed"))
    assert len(list((out / "feedback").glob("*.html"))) == 1 + len(NAMES)


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not part of the repository")
def test_confined_or_not_the_verdicts_are_the_same(zygote: Zygote, tmp_path: Path) -> None:
    written = _module()
    setup_of: dict[str, tuple[str, str]] = {}
    texts: list[tuple[Path, Path]] = []
    for folder in sorted(path for path in CASES.iterdir() if (path / "exercise.py").exists()):
        exercise = folder / "exercise.py"
        setup_of[folder.name] = exercise.name, read_exercise(exercise).source
        cases = [json.loads(line) for line in (folder / "cases.jsonl").read_text().splitlines() if line.strip()]
        right = json.loads((folder / "right.json").read_text()) if (folder / "right.json").exists() else {}
        for number, pack in enumerate(list(written.packs(cases))[:: 1 + len(cases) // 20][:2]):
            path = tmp_path / f"{folder.name}-{number}.py"
            written.write_submission(written.load(exercise), right, pack, path)
            texts.append((exercise, path))
    assert len(texts) >= 15
    with Pool(Setup(setup_of, SECRET, searching=300), 1) as pool:
        tasks = [Task(path.name, "ada", exercise.parent.name, path.read_bytes(), "") for exercise, path in texts]
        confined = {result.submission: result for result in pool.judged(tasks)}
    for exercise, path in texts:
        open_ = as_json(check(exercise, path, zygote, searching=300))
        assert _marks(confined[path.name].report) == _marks(open_), path.read_text()


def _marks(report: object) -> object:
    return [(g["name"], g["status"], g["got_dtype"], g["score"]) for g in report["gradients"]]  # type: ignore[index]


def _module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("evaluate", CASES / "evaluate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
