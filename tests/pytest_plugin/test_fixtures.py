"""What a course's own tests are given: gradients of live tensors held against autograd, and whole files against an exercise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from plugged import LOST, SOLUTION, Run

Lay = Callable[..., Path]

LIVE = """
import torch

def forward(**leaves):
    return {name: value.requires_grad_() for name, value in leaves.items()}

def test_right(assert_gradient):
    a, b = torch.randn(4, 3, requires_grad=True), torch.randn(3, 2, requires_grad=True)
    c = a @ b
    d = c.sum()
    d.backward()
    db = a.T @ torch.ones_like(c)
    assert assert_gradient(db, b) is None

class TestWrong:
    def test_shape(self, assert_gradient):
        x, w = torch.randn(7, 3), torch.randn(7, 1, requires_grad=True)
        y = x * w
        loss = y.sum()
        loss.backward()
        dy = torch.ones_like(y)
        w_grad = (x * dy).sum(1)
        assert_gradient(w_grad, w)

def half(g):
    return g / 2

def test_model(assert_gradient):
    layer, x = torch.nn.Linear(4, 3), torch.randn(5, 4)
    y = layer(x)
    (y ** 2).sum().backward()
    assert_gradient(half(2 * y).T @ x, layer.weight)

def test_expression(assert_gradient):
    x = torch.randn(5, requires_grad=True)
    y = (x ** 2).sum()
    y.backward()
    assert_gradient(x.detach(), x)

def test_unwritten(assert_gradient):
    x = torch.randn(5, requires_grad=True)
    y = (x ** 2).sum()
    y.backward()
    assert_gradient(..., x)

def test_no_gradient(assert_gradient):
    x = torch.randn(5, requires_grad=True)
    assert_gradient(torch.ones(5), x)
"""


def test_assert_gradient_explains(run: Run, lay: Lay) -> None:
    lay("test_live.py", LIVE)
    result = run()
    result.assert_outcomes(passed=1, failed=5)
    text = result.stdout.str()
    assert "name = 'fixtures'" not in text and "backprop_check/pytest_plugin" not in text and "backprop_check/live" not in text
    result.stdout.fnmatch_lines(
        [
            "> *assert_gradient(w_grad, w)",
            "E *AssertionError: w * | exact: False | approximate: False | shape: (7,), not (7, 1)",
            "E*w_grad = (x * dy).sum(1)*",
            "E*Keep the summed axis*",
            "> *assert_gradient(half(2 * y).T @ x, layer.weight)",
            "E *AssertionError: layer.weight * | exact: False | approximate: False | maxdiff: *",
            "E*return g / 2*",
            "> *assert_gradient(x.detach(), x)",
            "E *AssertionError: x * | exact: False | approximate: False | maxdiff: *",
            "E *AssertionError: x * | not written yet",
            "E*BadInput: `x` has no gradient: call `backward()` on the loss first.*",
        ]
    )


CHECKS = """
import json, os
import pytest

@pytest.mark.parametrize("exercise", ["ex05", "5", "exercises/ex05_broadcast.py"])
@pytest.mark.parametrize("elsewhere", [False, True])
def test_report(backprop_check, exercise, elsewhere, tmp_path, monkeypatch):
    if elsewhere:
        monkeypatch.chdir(tmp_path)
    report = backprop_check(exercise, "answers/ada.py")
    json.dumps(report, allow_nan=False)
    assert (report["schema"], report["exercise"], report["status"], report["score"]) == ("backprop-check/1", "ex05", "failed", 3.0)
    assert [d["code"] for g in report["gradients"] for d in g["diagnoses"]] == ["lost-keepdim"]

def test_unreadable(backprop_check, tmp_path):
    (tmp_path / "bob.py").write_text("def backward(:")
    report = backprop_check("ex05", tmp_path / "bob.py")
    assert report["status"] == "error" and "no `backward` could be read" in report["message"] and report["gradients"] == []

def test_no_such_exercise(backprop_check, tmp_path):
    backprop_check("ex99", "answers/ada.py")
"""


def test_backprop_check_returns_the_report(run: Run, lay: Lay) -> None:
    lay("exercises/ex05_broadcast.py", SOLUTION)
    lay("answers/ada.py", LOST)
    lay("tests/test_checks.py", CHECKS)
    result = run("--rootdir", ".")
    result.assert_outcomes(passed=7, failed=1)
    result.stdout.fnmatch_lines(["E*BadInput: There is no exercise 'ex99' in *exercises:*"])
