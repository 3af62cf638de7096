"""Functions that return their gradient too, objects with a forward and a backward, and what dicts hold."""

from __future__ import annotations

import made
import numpy as np
import pytest
import torch

from backprop_check import check_loss, check_pair
from backprop_check.errors import BadInput

TEXT = """
import numpy as np

def ridge(W, X, y, reg):
    r = X @ W - y
    loss = np.mean(r ** 2) + reg * np.sum(W * W)
    dW = 2 * X.T @ r / r.size + 2 * reg * W
    return loss, dW

class Net:
    def __init__(self, params):
        self.params = params

    def loss(self, X, y):
        h = np.maximum(0, X @ self.params["W1"])
        r = h @ self.params["W2"] - y
        loss = np.sum(r ** 2)
        grads = {}
        dr = 2 * r
        grads["W2"] = h.T @ dr
        dh = dr @ self.params["W2"].T
        dh[h <= 0] = 0
        grads["W1"] = X.T @ dh
        return loss, grads

class Linear:
    def __init__(self, W):
        self.params, self.grads = [W], [np.zeros_like(W)]

    def forward(self, x):
        (W,) = self.params
        self.x = x
        return x @ W

    def backward(self, dout):
        (W,) = self.params
        self.grads[0][...] = self.x.T @ dout
        return dout @ W.T

def gate_forward(x, p, settings):
    out = x @ p["w"] * settings["scale"] + p["b"]
    return out, (x, p, settings)

def gate_backward(dout, cache):
    x, p, settings = cache
    grads = {"w": x.T @ dout * settings["scale"], "b": dout.sum(axis=0)}
    return dout @ p["w"].T * settings["scale"], grads["w"], grads["b"]
"""

THERE = made.run(TEXT)
_normal = np.random.default_rng(0).standard_normal
RIDGE = _normal((3, 2)), _normal((5, 3)), _normal((5, 2)), 0.1
PARAMS = {"W1": _normal((3, 4)), "W2": _normal((4, 2))}


def test_a_loss_with_its_gradient(capsys: pytest.CaptureFixture[str]) -> None:
    assert check_loss(THERE.ridge, *RIDGE)
    assert capsys.readouterr().out == "ridge: `dW` right (held against autograd's gradients of the forward).\n"


def test_a_wrong_one_is_told_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = made.run(TEXT.replace("2 * X.T @ r / r.size + ", "2 * X.T @ r + "))
    assert not check_loss(wrong.ridge, *RIDGE)
    said = capsys.readouterr().out
    assert "dW = 2 * X.T @ r + 2 * reg * W" in said and "the gradient of `W` is wrong" in said and "`X`" not in said.split("\n")[0]


def test_an_object_and_a_dict_of_gradients(capsys: pytest.CaptureFixture[str]) -> None:
    assert check_loss(THERE.Net(PARAMS).loss, _normal((5, 3)).round(1), _normal((5, 2)))
    wrong = made.run(TEXT.replace("dh[h <= 0] = 0", "dh[dh <= 0] = 0"))
    assert not check_loss(wrong.Net(PARAMS).loss, _normal((5, 3)), _normal((5, 2)))
    said = capsys.readouterr().out
    assert "the gradient of `W1` is wrong" in said and "this sends the gradient through clamp itself" in said


def test_lists_of_parameters_and_gradients(capsys: pytest.CaptureFixture[str]) -> None:
    layer = THERE.Linear(_normal((3, 2)))
    before = layer.grads[0].copy()
    assert check_pair(layer.forward, layer.backward, _normal((4, 3)))
    assert "self.grads[0]" in capsys.readouterr().out and np.array_equal(layer.grads[0], before) and not hasattr(layer, "x")


def test_settings_in_a_dict_have_no_gradient() -> None:
    p = {"w": _normal((3, 2)), "b": _normal(2)}
    assert check_pair(THERE.gate_forward, THERE.gate_backward, _normal((4, 3)), p, {"scale": 2.0, "running": _normal(2)})


def test_what_returns_no_gradient() -> None:
    with pytest.raises(BadInput, match="`loss, dx` is expected"):
        check_loss(lambda x: (x**2).sum(), torch.randn(3))
