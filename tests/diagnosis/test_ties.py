"""A tie is told only where an operation of the forward stands at one."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import write

from backprop_check.flow import check
from backprop_check.records import Diagnosis
from backprop_check.submission.zygote import Zygote

TINY = "Forward: y = x * 1e-300; z = y * y\nShapes: x (N,)\n"
BENT = "Forward: u = x * 2; y = {}\nShapes: x (N, C)\nInputs: x = torch.randn(N, C).round()\n"
PAIR = "Forward: y = torch.maximum(a, b); z = y * y + y\nShapes: a (N, C), b (N, C)\nInputs: a = torch.zeros(N, C); b = torch.randn(N, C).clamp(min=0)\n"


def told(folder: Path, zygote: Zygote, page: str, wrong: str) -> Diagnosis:
    report = check(*write(folder, f"{page}Wrong: {wrong}\nRight: {wrong}\n", wrong), zygote)
    assert report.message is None
    return next(d for g in report.gradients for d in g.diagnoses)


@pytest.mark.parametrize("factor", ["3 * y", "y", "y.abs()"])
def test_underflow_is_no_tie(tmp_path: Path, zygote: Zygote, factor: str) -> None:
    assert told(tmp_path, zygote, TINY, f"dy = {factor} * dz").code != "tie-convention"


@pytest.mark.parametrize("power", [3, 4])
def test_a_steep_power_is_no_tie(tmp_path: Path, zygote: Zygote, power: int) -> None:
    page = f"Forward: y = x * 1e-60; z = y**{power}\nShapes: x (N,)\n"
    assert told(tmp_path, zygote, page, f"dy = y**{power - 1} * dz").code != "tie-convention"


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("torch.relu(u)", "du = (u >= 0) * dy"),
        ("u.abs()", "du = torch.where(u >= 0, dy, -dy)"),
        ("u.clamp(min=2)", "du = (u > 2) * dy"),
        ("F.leaky_relu(u, 0.1)", "du = torch.where(u >= 0, dy, 0.1 * dy)"),
        ("torch.where(u > 0, u, 0.0)", "du = (u >= 0) * dy"),
        ("torch.maximum(u, torch.zeros_like(u))", "du = (u > 0) * dy"),
    ],
)
def test_a_bend_is_told_with_its_line(tmp_path: Path, zygote: Zygote, line: str, wrong: str) -> None:
    found = told(tmp_path, zygote, BENT.format(line), wrong)
    assert found.code == "tie-convention"
    assert f"At a tie `{line}` has no single derivative" in found.note


def test_the_line_at_the_tie_is_named_and_no_other(tmp_path: Path, zygote: Zygote) -> None:
    found = told(tmp_path, zygote, PAIR, "dy = (2 * y + 1) * dz; da = (a >= b) * dy")
    assert found.code == "tie-convention"
    assert "`torch.maximum(a, b)`" in found.note
    assert "y * y" not in found.note
