"""A notebook is recorded from the first import on: its cells have one history, whatever stands in which."""

from __future__ import annotations

import pytest
from kernel import Shown, run

CELLS = """#%% setup
import torch
import torch.nn as nn
from backprop_check import check, cmp
_ = torch.manual_seed(0)
#%% forward
x = torch.randn(5, 3, requires_grad=True)
y = 2 * x
z = (y ** 2).sum() * 1.5
#%% backward
z.backward()
#%% upstream
dy = 2 * y
#%% wrong in another cell
dx = dy * 2
cmp('dx', dx, x)
#%% upstream again
dy = 3 * y
#%% right by the cell before
dx = dy * 2
cmp('dx', dx, x)
#%% model
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.outer = nn.Linear(4, 5), nn.Linear(5, 2)
    def forward(self, x):
        h = torch.tanh(self.inner(x))
        return self.outer(h), h
net, data = Net(), torch.randn(6, 4)
for step in range(3):
    out, h = net(data)
    loss = (out ** 2).mean()
    for p in net.parameters():
        p.grad = None
    loss.backward()
    if step < 2:
        with torch.no_grad():
            for p in net.parameters():
                p -= 0.1 * p.grad
#%% its gradients
dout = 2 * out / out.numel()
grads = {'outer.weight': dout.T @ h, 'outer.bias': dout.sum(0, keepdim=True)}
dh = dout @ net.outer.weight
grads['inner.weight'] = -(dh * (1 - h ** 2)).T @ data
#%% the check
for name, p in net.named_parameters():
    if name in grads:
        cmp(name, grads[name], p)
#%% timed
%%time
dw = (dout * 3).T @ h
cmp('outer', dw, net.outer.weight)
"""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Shown]:
    return run(CELLS, tmp_path_factory.mktemp("recorded"))


def test_a_wrong_gradient_in_another_cell_is_told_as_what_it_is(shown: dict[str, Shown]) -> None:
    assert "The formula is right: it uses `dy`, which is not right. Mend that first." in shown["wrong in another cell"].text
    assert "gradient descent" not in shown["wrong in another cell"].text
    assert "approximate: True" in shown["right by the cell before"].text


def test_a_model_in_a_loop_and_a_loop_that_checks(shown: dict[str, Shown]) -> None:
    told = shown["the check"].text
    assert "outer.weight    | exact: True " in told or "outer.weight    | exact: False | approximate: True " in told
    assert "in cell [9]:\n   2 │ grads = {'outer.weight': dout.T @ h, 'outer.bias': dout.sum(0, keepdim=True)}" in told, told
    assert "(1, 2), but net.outer.bias is (2,)" in told, told
    assert "in cell [9]:\n   4 │ grads['inner.weight'] = -(dh * (1 - h ** 2)).T @ data" in told, told
    assert "this minus does not belong here" in told


def test_nothing_fails_and_no_truth_value_is_shown(shown: dict[str, Shown]) -> None:
    assert {name: cell.error for name, cell in shown.items() if cell.error} == {}
    assert {cell.plain for cell in shown.values()} == {""}
    assert "multiplied by" in shown["timed"].text or "`3`" in shown["timed"].text, shown["timed"].text
