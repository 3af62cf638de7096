"""Slips in which step, which part of an array is read or written, and two names in each other's place."""

from __future__ import annotations

import made
import numpy as np
import pytest

from backprop_check import check_pair

TEXT = '''
import numpy as np

def gated_forward(x, w, h0):
    n, d = x.shape
    H, G = np.zeros((n + 1, d)), np.zeros((n, 3 * d))
    H[0] = h0
    for t in range(n):
        G[t, :d] = np.tanh(x[t] + H[t] * w)
        G[t, d:2 * d] = 1 / (1 + np.exp(-x[t]))
        G[t, 2 * d:] = np.tanh(x[t] * w)
        H[t + 1] = G[t, :d] * G[t, d:2 * d] + G[t, 2 * d:]
    return H[1:], (x, w, H, G)

def gated_backward(dout, cache):
    x, w, H, G = cache
    n, d = x.shape
    dx, dw, dH, dG = np.zeros(x.shape), np.zeros(w.shape), np.zeros(H.shape), np.zeros(G.shape)
    dH[1:] = dout
    for t in reversed(range(n)):
        dG[t, :d] = dH[t + 1] * G[t, d:2 * d] * (1 - G[t, :d] ** 2)
        dG[t, d:2 * d] = dH[t + 1] * G[t, :d] * G[t, d:2 * d] * (1 - G[t, d:2 * d])
        dG[t, 2 * d:] = dH[t + 1] * (1 - G[t, 2 * d:] ** 2)
        dx[t] = dG[t, :d] + dG[t, d:2 * d] + dG[t, 2 * d:] * w
        dw += dG[t, :d] * H[t] + dG[t, 2 * d:] * x[t]
        dH[t] += dG[t, :d] * w
    dh0 = dH[0]
    return dx, dw, dh0

def turn_forward(a, b, c, s):
    return np.concatenate([a * c - b * s, b * c + a * s]), (c, s)

def turn_backward(dout, cache):
    c, s = cache
    d1, d2 = np.split(dout, 2)
    da = d1 * c + d2 * s
    db = d2 * c - d1 * s
    return da, db
'''  # fmt: skip
_normal = np.random.default_rng(0).standard_normal
GATED, TURN = (_normal((4, 3)), _normal(3), _normal(3)), (_normal(3), _normal(3), 0.3, 0.8)


def told(text: str, capsys: pytest.CaptureFixture[str]) -> str:
    there = made.run(text)
    check_pair(there.gated_forward, there.gated_backward, *GATED)
    check_pair(there.turn_forward, there.turn_backward, *TURN)
    return capsys.readouterr().out


def test_right_is_right(capsys: pytest.CaptureFixture[str]) -> None:
    assert "wrong" not in told(TEXT, capsys)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("dH[t] += dG", "dH[t + 1] += dG", "`dH[t + 1]` is the place of another step"),
        ("dH[t] += dG", "dH[t] = dG", "this `=` throws away what `dH[t]` already held"),
        ("dG[t, :d] * H[t]", "dG[t, :d] * H[t + 1]", "`H[t + 1]` is the value of another step"),
        ("dH[t + 1] * G[t, :d]", "dH[t + 1] * G[t, 2 * d:]", "`G[t, 2 * d:]` is not the part of `G` that belongs here"),
        ("d2 * c - d1 * s", "d1 * c - d2 * s", "`d1` and `d2` are exchanged"),
    ],
)
def test_the_place_is_named(old: str, new: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = told(TEXT.replace(old, new), capsys)
    assert words in said, said
