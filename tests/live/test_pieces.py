"""Live code of many kinds: right as it stands; a slip is found, named, and shown at its place. `benchmarks/live.py` runs every slip."""

from __future__ import annotations

import re

import pytest
from pieces import PIECES, Piece
from scripts import caret, said

from backprop_check.expression.work import MEND, REPLAYS, SEARCH, Work

NUMBERS_ONLY = ("the numbers are not", "only the numbers were compared", "Mend that first.\n   Proven")
BY_NAME = {piece.name: piece for piece in PIECES}


def told(text: str) -> str:
    return said("import numpy as np\n" + text.replace("assert cmp(", "_ = cmp("))


def wrong(text: str) -> list[str]:
    """What of the lines that everybody knows says that something is wrong."""
    return [line for line in text.splitlines() if "approximate: False" in line]


@pytest.mark.parametrize("name", [name for name in BY_NAME if name != "second attempt"])
def test_right_code_is_right(name: str) -> None:
    text = told(BY_NAME[name].text)
    assert "approximate: True" in text
    assert not wrong(text), text


SHOWN = {
    ("mlp function", 0): "3",
    ("lambda activation", 1): "len(a)",
    ("attention unpacked", 1): "(dp * p).sum(-2, keepdim=True)",
    ("rnn over time", 0): "t + 1",
    ("rnn over time", 1): "Wh",
    ("rnn over time", 2): "2 * hs[t + 1] / (N * H)",
    ("rnn over time", 3): "dWx = xs[t].T @ draw",
    ("in place lines", 1): "g",
    ("dict of parameters", 0): "0.0",
    ("criterion object", 1): "onehot - probs",
    ("training loop", 2): "2 * err.detach()",
    ("zip of parameters", 1): "7",
    ("gradients from a function in a dict", 2): "y",
    ("second attempt", 0): "dlogp.sum(1, keepdim=True)",
    ("wrong in another cell", 0): "z",
    ("batch norm functional", 0): "dy",
    ("batch norm functional", 2): "N * dy - dy.sum(0) - xhat * (dy * xhat).sum(0)",
    ("max over time", 1): "torch.zeros_like(feats)",
    ("math sqrt and cosine", 2): "sim.softmax(0)",
    ("residual layers in a loop", 0): "d = dt @ layer.weight",
    ("residual layers in a loop", 1): "layer.weight.T",
    ("residual layers in a loop", 2): "dt.mean(0)",
    ("einsum and hinge", 3): "scores > 0",
    ("vae step", 1): "dz * noise * std",
    ("gru module over time", 0): "n - h_prev",
    ("gru module over time", 1): "dn_raw",
    ("sgd loop with no_grad", 0): "z",
    ("sgd loop with no_grad", 2): "g_z.sum(0)",
    ("multi head attention by einsum", 0): "torch.einsum('bhqk,bkhd->bqhd', gscores, q)",
    ("total variation with slices", 0): "g[:, :-1, :] += lam * 2 * dy.detach()",
    ("total variation with slices", 2): "lam * dy.detach()",
    ("parameters stepped before they are compared", 0): "h ** 2",
    ("parameters stepped before they are compared", 1): "5",
    ("linear regression", 1): "X @ w_np + y",
    ("mlp in numpy", 0): "hn",
    ("numpy bias", 2): "1 + sn",
    ("numpy gradients in a dict", 0): "un",
    ("numpy gradients in a dict", 2): "du.mean(0)",
}
"""Where the first caret stands."""


@pytest.mark.table
@pytest.mark.parametrize(("name", "number"), SHOWN)
def test_a_slip_is_shown_where_it_is(name: str, number: int) -> None:
    piece: Piece = BY_NAME[name]
    text = told(piece.slipped(number))
    assert wrong(text), text
    assert caret(text).strip() == SHOWN[name, number], text
    assert not any(words in text for words in NUMBERS_ONLY), text


def test_what_rests_on_a_wrong_gradient_is_told_down_to_it() -> None:
    text = told(BY_NAME["mlp function"].slipped(0))
    found = re.search(r"it uses `dpre`.*`dpre` itself uses `dhid`.*`dhid` itself uses `dout`.*Of `dout`:", text, re.DOTALL)
    assert found is not None, text


def test_what_runs_again_changes_nothing_of_the_users() -> None:
    piece = BY_NAME["residual layers in a loop"]
    text = piece.slipped(0) + "\nassert len(grads) == 3 and all(p.grad is not None for p in layers.parameters())\n"
    assert wrong(told(text + "assert all(p.dtype == torch.float32 for p in layers.parameters())\n"))


def test_lines_that_draw_are_not_run_again() -> None:
    text = told(
        "w = torch.randn(3, requires_grad=True)\n(w ** 2).sum().backward()\nfor k in range(2):\n    dw = w * torch.rand(3)\ncmp('w', dw, w)\n"
    )
    assert wrong(text)
    assert "on other numbers as well" not in text


def test_a_function_that_does_more_than_compute_is_not_called_again() -> None:
    text = (
        "calls = []\ndef twice(t):\n    calls.append(1)\n    return 2 * t\nw = torch.randn(3, requires_grad=True)\n(w ** 2).sum().backward()\n"
        "for k in range(2):\n    dw = twice(w) * 3\ncmp('w', dw, w)\nprint('called', len(calls))\n"
    )
    assert "called 2" in told(text)


def test_arrays_speak_numpy() -> None:
    text = told(BY_NAME["numpy bias"].slipped(1))
    assert "axis 1 is not the one that belongs here" in text


def test_a_factor_of_the_forward_is_not_called_one_too_many() -> None:
    text = told(BY_NAME["several backward calls"].slipped(2))
    assert "`2` does not belong" not in text
    assert "the constants here do not make the right factor" in text


def test_a_factor_is_not_called_a_size_that_nothing_divides_by() -> None:
    assert "w.numel()" not in told(BY_NAME["loss added up"].slipped(1))


def test_both_factors_that_one_place_lacks_are_told() -> None:
    text = told(BY_NAME["training loop"].slipped(0))
    assert "the factor 2 is missing" in text
    assert "the factor 1/err.numel() is missing" in text


def test_gradients_that_are_exchanged_are_told_by_whose_they_are() -> None:
    text = told(BY_NAME["zip of parameters"].slipped(3))
    assert "this is the gradient of `b2`" in text
    assert "this is the gradient of `b1`" in text


LONG = """
cell, readout, B, H = nn.GRUCell(4, 5), nn.Linear(5, 4), 3, 5
xs, first, target = torch.randn(12, B, 4), torch.randn(B, H, requires_grad=True), torch.randint(0, 4, (B,))
h = first
for x in xs:
    r, z = (x @ cell.weight_ih[: 2 * H].T + h @ cell.weight_hh[: 2 * H].T).sigmoid().chunk(2, 1)
    n = torch.tanh(x @ cell.weight_ih[2 * H :].T + r * (h @ cell.weight_hh[2 * H :].T))
    h = (1 - z) * n + z * h
loss = F.cross_entropy(readout(h), target)
loss.backward()
"""


def test_where_nothing_is_found_of_a_long_forward_the_search_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    spent: list[int] = []

    class Counted(Work):
        def count(self, *tensors: object, times: int = 1) -> None:
            super().count(*tensors, times=times)
            spent.append(self.done)

    monkeypatch.setattr("backprop_check.diagnosis.explain.Work", Counted)
    text = told(
        LONG + "dh = (readout(h).softmax(1) - F.one_hot(target, 4)) / B @ readout.weight\ndfirst = dh * 0.5**12\ncmp('h', dfirst, first)\n"
    )
    assert wrong(text), text
    assert max(spent) < SEARCH + REPLAYS + MEND, "counted work is bounded"


def test_rounds_that_read_the_last_twice_are_no_expression() -> None:
    text = told(
        "first = torch.randn(3, 5, requires_grad=True)\n(first * 2).sum().backward()\ndh = torch.ones(3, 5)\nfor t in range(30):\n    dh = dh * 0.9 + 0.01 * torch.sin(dh)\ncmp('h', dh, first)\n"
    )
    assert wrong(text), text


def test_gradients_under_the_names_of_parameters_are_put_right_together() -> None:
    text = told(BY_NAME["gru module over time"].slipped(1))
    assert "all of the wrong gradients are right" in text


def test_two_slips_in_one_dict_are_each_told() -> None:
    text = told(
        "a, b = (torch.randn(3, requires_grad=True) for _ in range(2))\n((a ** 2).sum() + (b ** 3).sum()).backward()\n"
        "grads = {'a': torch.zeros(3), 'b': torch.zeros(3)}\nfor k in range(3):\n    grads['a'][k] -= 2 * a[k].detach()\n"
        "    grads['b'][k] += 2 * b[k].detach() ** 2\ncmp('a', grads['a'], a)\ncmp('b', grads['b'], b)\n"
    )
    assert "the sign of this `-=` is wrong" in text
    assert text.count("With this one thing put right, this gradient is right") == 2, text
