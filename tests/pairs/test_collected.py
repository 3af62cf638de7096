"""`pytest --backprop-pairs`: what is collected of a file, and what a wrong pair fails with."""

from __future__ import annotations

import pytest

from backprop_check.pytest_plugin import plugin

LAYERS = """
import numpy as np
import torch

def scale_forward(x, w):
    return x * w, (x, w)

def scale_backward(dout, cache):
    x, w = cache
    return dout * w, np.sum(dout * x)

def scale_inputs():
    return np.arange(6.0).reshape(2, 3) + 1, np.arange(3.0) + 1

def shift_forward(x):
    return x + 1, None

def shift_backward(dout, cache):
    return dout

class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def backward(ctx, g):
        return 2 * g

def Double_inputs():
    return torch.randn(3)

def square_loss(w, x):
    r = x @ w
    loss = np.mean(r ** 2)
    dw = 2 * x.T @ r
    return loss, dw

def square_loss_inputs():
    return np.arange(3.0) + 1, np.arange(6.0).reshape(2, 3)

class Scale:
    def __init__(self, w):
        self.w = w

    def forward(self, x):
        self.x = x
        return x * self.w

    def backward(self, dout):
        self.dw = np.sum(dout * self.x, axis=0)
        return dout * self.w

def Scale_inputs():
    return Scale(np.arange(3.0) + 1), np.arange(6.0).reshape(2, 3)
"""


def test_a_file_of_pairs(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(layers_of_a_course=LAYERS)
    run = pytester.runpytest_inprocess("--backprop-pairs", "-rs", "layers_of_a_course.py", plugins=[plugin])
    run.assert_outcomes(passed=2, failed=2, skipped=1)
    run.stdout.fnmatch_lines(
        [
            "*scale_backward (layers_of_a_course.py:7): the gradient of `w` is wrong:*",
            "*return dout * w, np.sum(dout * x)*",
            "*square_loss (layers_of_a_course.py:*): the gradient of `w` is wrong:*",
            "SKIPPED*layers_of_a_course.py:*def shift_inputs*",
        ]
    )
