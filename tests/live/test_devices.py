"""Live tensors on any device: the comparison is made there, the explanation on the CPU in float64. `pytest -m cuda` runs it on a GPU."""

from __future__ import annotations

import pytest
import torch
from scripts import caret, said

GPU = pytest.param("cuda", marks=[pytest.mark.cuda, pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")])
DEVICES = pytest.mark.parametrize("device", ["cpu", GPU])

FORWARD = """\
x = torch.randn(6, 4, device="{device}", dtype=torch.{dtype})
W = torch.randn(4, 3, device="{device}", dtype=torch.{dtype}, requires_grad=True)
b = torch.randn(3, device="{device}", dtype=torch.{dtype}, requires_grad=True)
y = torch.randint(0, 3, (6,), device="{device}")
logits = torch.tanh(x @ W + b)
logits.retain_grad()
loss = F.cross_entropy(logits, y)
loss.backward()
dlogits = (torch.softmax(logits, 1) - F.one_hot(y, 3)) / 6
dpre = (1 - logits**2) * dlogits
"""
MODULE = """\
model = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.Tanh(), torch.nn.Linear(5, 2)).to("{device}")
x = torch.randn(7, 4, device="{device}")
hidden = model[1](model[0](x))
out = model[2](hidden)
loss = (out ** 2).mean()
loss.backward()
dout = 2 * out / 14
"""


def text(forward: str, device: str, then: str, dtype: str = "float32") -> str:
    return "import torch.nn.functional as F\n" + forward.format(device=device, dtype=dtype) + then


@DEVICES
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_right_gradient_is_right(device: str, dtype: str) -> None:
    printed = said(text(FORWARD, device, "cmp('W', x.T @ dpre, W)\ncmp('b', dpre.sum(0), b)\ncmp('logits', dlogits, logits)\n", dtype))
    assert printed.count("approximate: True") == 3 and "✗" not in printed


@DEVICES
def test_a_wrong_one_is_explained(device: str) -> None:
    printed = said(text(FORWARD, device, "db = dpre.mean(0)\ncmp('b', db, b)\n"))
    assert "approximate: False" in printed and "this averages what should be added up" in " ".join(printed.split())
    assert caret(printed) == "dpre.mean(0)"


@DEVICES
def test_an_answer_on_another_device_is_compared_all_the_same(device: str) -> None:
    printed = said(text(FORWARD, device, "cmp('b', dpre.sum(0).cpu(), b)\ncmp('W', (x.T @ dlogits).cpu(), W)\n"))
    assert printed.count("approximate: True") == 1 and printed.count("approximate: False") == 1


@DEVICES
def test_a_module_on_it(device: str) -> None:
    printed = said(text(MODULE, device, "w = model[2].weight\ndw = hidden.T @ dout\ncheck(loss, w=dw)\ncheck(loss, w=dw.T)\n"))
    assert printed.count("approximate: True") == printed.count("approximate: False") == 1
    assert ".T" in printed and caret(printed)


@DEVICES
def test_what_is_recorded_is_not_kept_alive(device: str) -> None:
    import gc
    import weakref

    from backprop_check import recording

    with recording():
        x = torch.randn(3, 3, device=device, requires_grad=True)
        made = weakref.ref((x * 2).exp())
        gc.collect()
        assert made() is None
