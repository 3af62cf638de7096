"""Forms of code against ways in: the verdict is right, the cause is named, the caret stands on the right place."""

from __future__ import annotations

import textwrap

import pytest
from scripts import caret, said

FORMS = {
    "a function": ("def lin(x, w):\n    return x @ w\ny = lin(x, w)\nloss = (y ** 2).sum()\n", "dw = -x.T @ (2 * y)"),
    "a lambda": ("sq = lambda t: t * t\ny = x @ w\nloss = sq(y).sum()\n", "dw = -x.T @ (2 * y)"),
    "a method": (
        "class Net:\n    def __init__(self, w):\n        self.w = w\n    def __call__(self, x):\n        return x @ self.w\n"
        "net = Net(w)\ny = net(x)\nloss = (y ** 2).sum()\n",
        "dw = -x.T @ (2 * y)",
    ),
    "a module": (
        "layer = nn.Linear(4, 3)\nw = layer.weight\ny = layer(x)\nloss = (y ** 2).sum()\n",
        "dw = -(2 * y).T @ x",
    ),
    "a name bound twice": ("h = x @ w\nh = torch.tanh(h)\nloss = (h ** 2).sum()\n", "dw = -x.T @ (2 * h * (1 - h ** 2))"),
    "unpacking": ("p, q = (x @ w).chunk(2, dim=0)\nloss = (p * q).sum()\n", "dw = -x.T @ torch.cat((q, p), 0)"),
    "a loop": (
        "y = x @ w\nh = torch.zeros_like(y)\nfor k in range(1, 3):\n    h = h + y / k\nloss = (h ** 2).sum()\n",
        "dw = -x.T @ (3 * h)",
    ),
    "math.sqrt": ("y = x @ w / math.sqrt(2)\nloss = (y ** 2).sum()\n", "dw = -x.T @ (2 * y) / math.sqrt(2)"),
    "in place": ("y = x @ w\ny += 1\nloss = (y ** 2).sum()\n", "dw = -x.T @ (2 * y)"),
    "a branch": ("y = x @ w\nif y.sum() > -1e9:\n    z = y * 2\nelse:\n    z = y\nloss = (z ** 2).sum()\n", "dw = -x.T @ (4 * z)"),
    "a dict": ("params = {'w': w}\ny = x @ params['w']\nloss = (y ** 2).sum()\n", "dw = -x.T @ (2 * y)"),
    "a list": ("hs = [x @ w]\nloss = (hs[0] ** 2).sum()\n", "dw = -x.T @ (2 * hs[0])"),
    "a criterion": (
        "criterion = nn.CrossEntropyLoss()\ny = x @ w\nloss = criterion(y, t)\n",
        "dy = (F.softmax(y, 1) - F.one_hot(t, 3)) / 6\ndw = -x.T @ dy",
    ),
    "a loss added up": ("loss = 0\nfor part in x.chunk(2):\n    loss += ((part @ w) ** 2).sum()\n", "dw = -x.T @ (2 * (x @ w))"),
}
START = "x = torch.randn(6, 4); t = torch.tensor([0, 1, 2, 0, 1, 2])\nw = torch.randn(4, 3, requires_grad=True)\n"
WAYS = {
    "cmp": "loss.backward()\n{lines}\nassert cmp('w', dw, w) is {right}\n",
    "check": "{lines}\nassert check(loss, w=dw) is {right}\n",
    "assert_gradient": "loss.backward()\n{lines}\nassert_gradient(dw, w)\n",
    "in a function": "loss.backward()\ndef test():\n{inner}\n    assert cmp('w', dw, w) is {right}\ntest()\n",
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("form", FORMS)
def test_the_minus_is_found(form: str, way: str) -> None:
    from backprop_check.pytest_plugin.fixtures import assert_gradient

    forward, wrong = FORMS[form]
    for lines, right in ((wrong.replace("-x.T", "x.T").replace("-(2", "(2"), True), (wrong, False)):
        text = START + forward + WAYS[way].format(lines=lines, right=right, inner=textwrap.indent(lines, "    "))
        try:
            told = said(text, assert_gradient=assert_gradient)
        except AssertionError as error:
            if way != "assert_gradient" or right:
                raise
            told = str(error)
        if not right:
            assert caret(told) and ("minus does not belong here" in told or "opposite sign" in told), told
            assert caret(told) in wrong and caret(told).startswith("-"), told
