"""Pairs with a cache, in NumPy and in torch: right ones pass, and of wrong ones the cause is named, in the words of who wrote them."""

from __future__ import annotations

import made
import numpy as np
import pytest
import slips
import torch

from backprop_check import check_pair
from backprop_check.errors import BadInput
from backprop_check.pairs.words import expression, in_words
from backprop_check.records import Diagnosis

LAYERS = made.module("layers.py")


@pytest.mark.parametrize("pair", slips.INPUTS)
def test_a_right_pair_passes(pair: str, capsys: pytest.CaptureFixture[str]) -> None:
    forward, backward = (getattr(LAYERS, name) for name in slips.names(pair))
    assert check_pair(forward, backward, *slips.INPUTS[pair])
    assert "right (held against autograd's gradients of the forward)" in capsys.readouterr().out


SLOW = ("conv|_naive", "max_pool|_naive", "lstm_step", "rnn")
QUICK = [slip for slip in slips.SLIPS if slip[0] not in SLOW or slip[3].startswith(("this `=`", "`window`", "`dnext_c`"))]
LONG = ("+= w[f] * dout", "dg * (1 - g ** 2)")
"""Seconds each: `benchmarks/pairs.py` tries these."""
REST = [slip for slip in slips.SLIPS if slip not in QUICK and slip[1] not in LONG]


@pytest.mark.table
@pytest.mark.parametrize(
    "slip", [*QUICK, *(pytest.param(slip, marks=pytest.mark.slow) for slip in REST)], ids=lambda slip: f"{slip[0]}: {slip[2]}"
)
def test_a_slip_is_named(slip: tuple[str, str, str, str], capsys: pytest.CaptureFixture[str]) -> None:
    pair, old, new, text = slip
    forward, backward = slips.names(pair)
    wrong = made.module("layers.py", f"def {backward}(", old, new)
    assert not check_pair(getattr(wrong, forward), getattr(wrong, backward), *slips.INPUTS[pair])
    said = capsys.readouterr().out
    assert text in " ".join(said.replace("│", "").split()), said
    assert "tensor" not in said and "keepdim=" not in said and "dim=" not in said, said


TORCH = """
import torch
def forward(x, w, b):
    h = torch.tanh(x @ w + b)
    return h, (x, w, h)
def backward(dh, cache):
    x, w, h = cache
    dz = dh * (1 - h**2)
    return {"dx": dz @ w.T, "dw": x.T @ dz, "db": dz.sum(0)}
def alone(x):
    return x.sin() * x
def alone_backward(dy, x):
    return dy * (x.cos() * x + x.sin())
"""


def test_torch_a_dict_and_no_cache() -> None:
    there = made.run(TORCH)
    inputs = torch.randn(3, 4), torch.randn(4, 2), torch.randn(2)
    assert check_pair(there.forward, there.backward, *inputs)
    assert check_pair(there.alone, there.alone_backward, torch.randn(4))


def test_a_wrong_entry_of_a_dict(capsys: pytest.CaptureFixture[str]) -> None:
    there = made.run(TORCH.replace("dz.sum(0)", "dz.mean(0)"))
    assert not check_pair(there.forward, there.backward, torch.randn(3, 4), torch.randn(4, 2), torch.randn(2))
    assert "this averages what should be added up" in capsys.readouterr().out


OUTSIDE = """
import numpy as np
def forward(x):
    return np.array([float(np.sinc(v)) for v in x]), x
def backward(dy, x):
    d = np.array([float(np.cos(np.pi * v) / v - np.sin(np.pi * v) / (np.pi * v * v)) for v in x])
    return dy * d
"""


def test_what_cannot_be_recorded_is_held_against_differences(capsys: pytest.CaptureFixture[str]) -> None:
    x = np.random.default_rng(0).standard_normal(4)
    there = made.run(OUTSIDE)
    assert check_pair(there.forward, there.backward, x)
    assert "held against differences of the forward's numbers" in capsys.readouterr().out
    wrong = made.run(OUTSIDE.replace("return dy * d", "return -dy * d"))
    assert not check_pair(wrong.forward, wrong.backward, x)
    assert "return -dy * d" in (said := capsys.readouterr().out) and "this minus does not belong here" in said
    wrong = made.run(OUTSIDE.replace("return dy * d", "return np.cos(dy) + d"))
    assert not check_pair(wrong.forward, wrong.backward, x)
    assert "held against differences of its numbers" in " ".join(capsys.readouterr().out.split())


def test_what_cannot_be_checked() -> None:
    with pytest.raises(BadInput, match="none of the inputs"):
        check_pair(LAYERS.relu_forward, LAYERS.relu_backward, np.arange(3))
    with pytest.raises(BadInput, match="affine_forward raises"):
        check_pair(LAYERS.affine_forward, LAYERS.affine_backward, np.ones((3, 4)), np.ones((3, 4)), np.ones(4))


def test_a_number_of_gradients(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = made.module("layers.py", "def affine_backward(", "return dx, dw, db", "return dx, dw * 1.0")
    assert not check_pair(wrong.affine_forward, wrong.affine_backward, *slips.INPUTS["affine"])
    assert "It returns 2 gradients; affine_forward has 3 inputs that have one" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("torchs", "numpys"),
    [
        ("x.sum(0, keepdim=True)", "x.sum(axis=0, keepdims=True)"),
        ("torch.exp(x) / torch.cat((a, b), 1)", "np.exp(x) / np.concatenate((a, b), axis=1)"),
        ("x.clamp(min=0)", "np.maximum(0, x)"),
        ("x.max(1).values", "x.max(axis=1)"),
        ("x.unsqueeze(1)", "np.expand_dims(x, 1)"),
        (".unsqueeze(1)", "[:, np.newaxis]"),
        ("keepdim=True", "keepdims=True"),
        ("x.permute(0, 2, 1)", "x.transpose(0, 2, 1)"),
        ("x @ w.T", "x @ w.T"),
    ],
)
def test_words(torchs: str, numpys: str) -> None:
    assert expression(torchs) == numpys


def test_two_words_that_are_one_are_said_once() -> None:
    help_ = "To exchange axes use `.T`, `transpose` or `permute`."
    assert in_words(Diagnosis("", "located", "", help=help_), True).help == "To exchange axes use `.T` or `transpose`."


def test_what_only_plain_arrays_can_do_is_no_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    text = (
        "import numpy as np\ndef forward(x):\n    assert isinstance(x, np.ndarray)\n    return np.sin(x), x\n"
        "def backward(dy, x):\n    if type(dy) is not np.ndarray:\n        raise TypeError('an array')\n    return dy * np.cos(x)\n"
    )
    there = made.run(text)
    x = np.random.default_rng(0).standard_normal(4)
    assert check_pair(there.forward, there.backward, x), capsys.readouterr().out
    there = made.run(text.replace("    assert isinstance(x, np.ndarray)\n", ""))
    assert check_pair(there.forward, there.backward, x), capsys.readouterr().out


def test_numbers_that_are_drawn_anew_are_compared_with_nothing() -> None:
    there = made.run(
        "import numpy as np\nrng = np.random.default_rng()\ndef forward(x):\n    m = rng.random(x.shape)\n    return x * m, m\n"
        "def backward(dy, m):\n    return dy * m\n"
    )
    with pytest.raises(BadInput, match="its numbers are others when it runs again"):
        check_pair(there.forward, there.backward, np.ones(4))


@pytest.mark.parametrize(
    ("pair", "old", "told"),
    [
        ("relu", "dout * x", "`x` itself stands here in the place of where it is positive"),
        ("lstm_step", "dg * g * (1 - g)", "`g * (1 - g)` is the derivative of sigmoid, and that of tanh belongs here"),
    ],
)
def test_a_slope_is_named(pair: str, old: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    forward, backward = slips.names(pair)
    slip = next(each for each in slips.SLIPS if each[0] == pair and each[2] == old)
    wrong = made.module("layers.py", f"def {backward}(", *slip[1:3])
    assert not check_pair(getattr(wrong, forward), getattr(wrong, backward), *slips.INPUTS[pair])
    assert told in " ".join(capsys.readouterr().out.replace("│", "").split())
