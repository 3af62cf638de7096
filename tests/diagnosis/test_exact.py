"""What is said names both sides, and an answer that fits everything proves nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import write

from backprop_check.flow import check
from backprop_check.records import Diagnosis
from backprop_check.submission.zygote import Zygote

PICKED = "Forward: y = a[:, None] * b\nShapes: a (N,), b (C,)\n"
SOFT = "Forward: p = torch.softmax(z, 1); q = p * p\nShapes: z (N, C)\n"


def told(folder: Path, zygote: Zygote, page: str, wrong: str) -> Diagnosis:
    report = check(*write(folder, f"{page}Wrong: {wrong}\nRight: {wrong}\n", wrong), zygote)
    assert report.message is None
    return next(d for g in report.gradients for d in g.diagnoses)


def test_an_outer_table_of_whole_numbers_has_shapes(tmp_path: Path, zygote: Zygote) -> None:
    page = "Forward: y = x * (w > 0)[:, None]\nShapes: w (N,), x (N, 1)\n"
    found = told(tmp_path, zygote, page, "dx = (w > 0).long() * dy")
    assert found.code == "accidental-outer"
    assert "None" not in found.error


def test_the_argument_that_is_missing_is_named(tmp_path: Path, zygote: Zygote) -> None:
    assert "nothing stands for `vec2`" in told(tmp_path, zygote, PICKED, "da = torch.outer(dy)").error


def test_the_argument_of_the_wrong_kind_is_named(tmp_path: Path, zygote: Zygote) -> None:
    assert "`one_hot` takes a tensor as its first argument" in told(tmp_path, zygote, PICKED, "da = F.one_hot(3, a) * dy").error


@pytest.mark.parametrize("wrong", ["dz = dp * 0", "dz = torch.zeros_like(z)", "dz = dp * float('nan')"])
def test_nothing_is_no_diagonal_and_no_shortcut(tmp_path: Path, zygote: Zygote, wrong: str) -> None:
    given = "dp = ...; " if "dp" in wrong else ""
    assert told(tmp_path, zygote, SOFT, given + wrong).code not in ("diagonal-jacobian", "misused-shortcut", "missing-branch")
