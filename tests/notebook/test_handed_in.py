"""A notebook with `%%backward` cells is a submission: each exercise finds its own cells, the last of them."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
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
    path = tmp_path / "hw.ipynb"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    nbformat.write(notebook, path)
    assert main(["check", exercise, "--submission", str(path), "--json"], zygote) == status
    report = json.loads(capsys.readouterr().out)
    assert {g["name"]: g["status"] for g in report["gradients"]} == due
