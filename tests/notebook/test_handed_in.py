"""A notebook with `%%backward` cells is a submission: each exercise finds its own cells, the last of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from backprop_check.cli.main import main
from backprop_check.submission.zygote import Zygote

CELLS = [
    "%load_ext backprop_check\nimport matplotlib.pyplot as plt",
    "def row_sum(x):\n    return x.sum(1, keepdim=True)",
    "%%backward 5\nleft = 2\ndact = left * torch.ones_like(act)",
    "%%backward --hint 1\ndact = torch.ones_like(act)\ndprobs = (1 - act**2) * dact\ndcounts = counts_sum_inv * dprobs\ndcounts_sum_inv = row_sum(counts * dprobs)",
    "%%backward ex01_dot_product\nda = b\ndb = a * left",
]


@pytest.mark.parametrize(
    "exercise, status, due",
    [
        ("ex05", 0, dict.fromkeys(("dact", "dprobs", "dcounts", "dcounts_sum_inv"), "correct")),
        ("ex01", 1, {"da": "correct", "db": "error"}),  # `left` was never there outside its cell
    ],
)
def test_check(exercise: str, status: int, due: dict[str, str], tmp_path: Path, zygote: Zygote, capsys: pytest.CaptureFixture[str]) -> None:
    path = _notebook(tmp_path / "hw.ipynb", *CELLS)
    assert main(["check", exercise, "--submission", path, "--json"], zygote) == status
    report = json.loads(capsys.readouterr().out)
    assert {g["name"]: g["status"] for g in report["gradients"]} == due


def _notebook(path: Path, *cells: str) -> str:
    import nbformat  # not above: of the processes that collect this file, one needs it

    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells]), path)
    return str(path)


FIFTH = """def backward(counts, counts_sum_inv, probs, act, s):
    dact = torch.ones_like(act)
    dprobs = (1 - act**2) * dact
    dcounts = counts_sum_inv * dprobs
    dcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)
"""
FIRST = "def backward(a, b, c):\n    da = b\n    db = a\n"


@pytest.mark.parametrize("exercise", ["ex01", "ex05"])
@pytest.mark.parametrize("cells", [(FIFTH, FIRST), (FIRST, FIFTH)])
def test_of_several_exercises_each_finds_its_own_backward(
    exercise: str, cells: tuple[str, ...], tmp_path: Path, zygote: Zygote, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _notebook(tmp_path / "hw.ipynb", "import torch", *cells)
    assert main(["check", exercise, "--submission", path, "--json"], zygote) == 0, capsys.readouterr().out


def test_the_last_attempt_counts_though_it_asks_for_something_strange(
    tmp_path: Path, zygote: Zygote, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _notebook(tmp_path / "hw.ipynb", "import torch", FIFTH, FIFTH.replace("act, s", "act, s, lr=0.1").replace("sum(1, ", "sum(0, "))
    assert main(["check", "ex05", "--submission", path], zygote) == 1
    path = _notebook(tmp_path / "hw.ipynb", "import torch", FIFTH, FIFTH.replace("ones_like(act)", "ones_like(act"))
    assert main(["check", "ex05", "--submission", path], zygote) == 1


def test_a_cell_magic_below_a_comment_is_told_to_move_up(tmp_path: Path, zygote: Zygote, capsys: pytest.CaptureFixture[str]) -> None:
    path = _notebook(tmp_path / "hw.ipynb", "# YOUR CODE HERE\n%%backward ex05\ndact = torch.ones_like(act)")
    assert main(["check", "ex05", "--submission", path], zygote) == 2
    assert "`%%backward` stands on line 2 of hw.ipynb[1]" in capsys.readouterr().err
