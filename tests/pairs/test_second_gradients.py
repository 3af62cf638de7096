"""`gradgradcheck`: torch's verdict, and what a second gradient that is wrong lacks."""

from __future__ import annotations

import made
import pytest
import torch
from torch.autograd.gradcheck import GradcheckError

from backprop_check import gradgradcheck

TEXT = """
import torch
from torch.autograd.function import once_differentiable

class Swish(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        s = torch.sigmoid(x)
        ctx.save_for_backward(x, s)
        return x * s

    @staticmethod
    def backward(ctx, g):
        x, s = ctx.saved_tensors
        return g * (s + x * s * (1 - s))

class Sigmoid(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        y = torch.sigmoid(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return g * y * (1 - y)

class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 3 * x.detach() ** 2

class Once(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**2

    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 2 * g * x
"""

THERE = made.run(TEXT)
X = torch.randn(4, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).requires_grad_()


def test_right_is_right() -> None:
    assert gradgradcheck(THERE.Sigmoid.apply, (X,)) is True
    assert gradgradcheck(lambda x: THERE.Sigmoid.apply(x) * x, X, check_fwd_over_rev=False) is True


@pytest.mark.parametrize(("name", "told"), [("Swish", "nothing comes back through `s`"), ("Cube", "cuts autograd's graph: `x.detach()`")])
def test_what_is_lost_is_named(name: str, told: str) -> None:
    with pytest.raises(GradcheckError) as raised:
        gradgradcheck(getattr(THERE, name).apply, (X,))
    assert told in str(raised.value)


def test_once() -> None:
    with pytest.raises(GradcheckError) as raised:
        gradgradcheck(THERE.Once.apply, (X,))
    assert "Once.backward" in str(raised.value) and "is marked `@once_differentiable`" in str(raised.value)


def test_the_first_gradient_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    there = made.run(TEXT.replace("g * y * (1 - y)", "g * y * (1 + y)"))
    assert gradgradcheck(there.Sigmoid.apply, (X,), raise_exception=False) is False
    assert "The first gradient is wrong already" in (said := capsys.readouterr().out) and "`y` has the opposite sign" in said
