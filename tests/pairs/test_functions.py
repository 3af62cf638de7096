"""Custom functions: torch's verdict, and why."""

from __future__ import annotations

import sys
from typing import Any

import made
import pytest
import torch
from torch.autograd.gradcheck import GradcheckError

from backprop_check import gradcheck
from backprop_check.pairs import say
from backprop_check.pairs.custom import Custom
from backprop_check.pairs.examine import examine

SAMPLES = made.functions()
CASES = {function.__name__: case for function, case in SAMPLES.cases().items()}
BY_DESIGN = {function.__name__ for function in SAMPLES.BY_DESIGN}


def told(function: Any, inputs: tuple[Any, ...]) -> str:
    needs = [isinstance(each, torch.Tensor) and each.requires_grad for each in inputs]
    return "\n".join(say.lines(examine(Custom(function), inputs, needs)))


@pytest.mark.parametrize("name", [name for name in CASES if name not in BY_DESIGN])
def test_nothing_is_said_of_a_right_one(name: str) -> None:
    assert told(made.function(name), CASES[name][0]) == ""


LONG = {"FlashAttention", "GeluTanh"}
"""Seconds a slip: `benchmarks/pairs.py` tries these."""


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in CASES if name not in LONG])
def test_the_verdict_is_torchs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the verdict alone: why one is wrong is left unsought."""
    monkeypatch.setattr("backprop_check.live.explained.explain", lambda *_: {})
    monkeypatch.setattr(sys.modules["backprop_check.pairs.examine"], "_mended", lambda *_: None)
    inputs, slips = CASES[name]
    for old, new in [("", ""), *slips]:
        function = made.function(name, old, new)
        try:
            right = torch.autograd.gradcheck(function.apply, inputs)
        except Exception:
            right = False
        assert (told(function, inputs) == "") is right, (old, new)


SAID = [
    ("Swish", 0, "`s` has the opposite sign"),
    ("Swish", 1, "what arrives from above is missing"),
    ("Relu", 1, "this lets the gradient through at other places"),
    ("Exp", 0, "grad_output is missing here"),
    ("Tanh", 0, "`y` does not stand to the right power here"),
    ("Linear", 0, "You built the transpose of grad_weight"),
    ("Linear", 1, "this averages what should be added up"),
    ("Linear", 2, "this gives None for `weight`, whose gradient is not zero"),
    ("Linear", 3, "backward returns 2 gradients: one is due for each"),
    ("LinearSetup", 0, "this raises RuntimeError: mat1 and mat2 shapes"),
    ("LinearSetup", 1, "this is the gradient of `w`"),
    ("CrossEntropy", 0, "the factor 1/5 is missing"),
    ("CrossEntropy", 1, "the sign of this `+=` is wrong"),
    ("Softmax", 1, "this sums first and multiplies afterwards"),
    ("LayerNorm", 0, "through mu and xhat: yes; through var: no"),
    ("Embedding", 0, "where `index` names a row twice"),
    ("Attention", 0, "the factor 1/2 is missing"),
    ("FlashAttention", 0, "the factor 1/2 is missing"),
    ("TwoOutputs", 0, "`dsum` does not come in here"),
    ("InNumPy", 1, "this minus does not belong here"),
    ("Dropout", 0, "the factor 1/0.6 is missing"),
    ("Averaged", 0, "the factor `1 - decay` is missing"),
    ("Averaged", 1, "this `=` throws away what `ddecay` already held"),
    ("Averaged", 2, "the factor `decay` is missing"),
]


@pytest.mark.parametrize(("name", "slip", "text"), SAID)
def test_the_cause_is_named_on_the_line_of_the_backward(name: str, slip: int, text: str) -> None:
    inputs, slips = CASES[name]
    said = told(made.function(name, *slips[slip]), inputs)
    assert text in " ".join(said.replace("│", "").split()), said
    assert f"{name}.backward (made_" in said


@pytest.mark.slow
def test_another_block_of_a_loop_is_not_taken_for_what_has_its_name() -> None:
    """`ds` of the whole is no gradient of the last block's `s`."""
    inputs, slips = CASES["FlashAttention"]
    said = told(made.function("FlashAttention", *slips[1]), inputs)
    assert said and "this is the gradient of" not in said and "which is not right" not in said, said


def test_a_straight_through_estimator_is_called_one() -> None:
    for name in BY_DESIGN:
        assert "a straight-through estimator" in told(made.function(name), CASES[name][0])


def test_a_drop_in(capsys: pytest.CaptureFixture[str]) -> None:
    (x,), slips = CASES["Swish"]
    assert gradcheck(made.function("Swish").apply, (x,)) is True
    wrong = made.function("Swish", *slips[0]).apply
    with pytest.raises(GradcheckError, match="opposite sign") as raised:
        gradcheck(wrong, x, eps=1e-6, atol=1e-5, rtol=1e-3)
    assert "Jacobian mismatch for output 0 with respect to input 0" in str(raised.value)
    assert gradcheck(lambda t: wrong(torch.tanh(t)), [x], raise_exception=False, fast_mode=True) is False
    assert "`s` has the opposite sign" in capsys.readouterr().out


def test_an_error_that_torch_lets_through_has_a_note() -> None:
    inputs, slips = CASES["Linear"]
    with pytest.raises(RuntimeError, match="invalid gradient") as raised:
        gradcheck(made.function("Linear", *slips[0]).apply, inputs)
    assert "You built the transpose" in "".join(raised.value.__notes__)


HEAD = "import torch\nfrom torch.autograd import Function\n"
BODIES = {
    "what was saved is changed in backward": (
        "class A(Function):\n    @staticmethod\n    def forward(ctx, x):\n        ctx.save_for_backward(x)\n        return x * x\n"
        "    @staticmethod\n    def backward(ctx, g):\n        (x,) = ctx.saved_tensors\n        return x.mul_(2) * g\n",
        ["`x` was saved for backward, and this changes it in place", "11 │ return x.mul_(2) * g"],
    ),
    "what was saved is changed where no version shows it": (
        "class A(Function):\n    @staticmethod\n    def forward(ctx, x):\n        ctx.save_for_backward(x)\n        return x * x\n"
        "    @staticmethod\n    def backward(ctx, g):\n        (x,) = ctx.saved_tensors\n        x.data.mul_(2)\n        return x * g\n",
        ["`x` was saved for backward, and this changes it in place", "11 │ x.data.mul_(2)"],
    ),
    "a view of what is not contiguous": (
        "class A(Function):\n    @staticmethod\n    def forward(ctx, x):\n        ctx.save_for_backward(x.t())\n        return x.sin().sum()\n"
        "    @staticmethod\n    def backward(ctx, g):\n        (y,) = ctx.saved_tensors\n        return (g * y.cos()).view(3, 2).view(2, 3)\n",
        ["this raises RuntimeError: view size is not compatible", "help: Use `.reshape`"],
    ),
    "another number was saved": (
        "class A(Function):\n    @staticmethod\n    def forward(ctx, x):\n        ctx.save_for_backward(x)\n        return x * x\n"
        "    @staticmethod\n    def backward(ctx, g):\n        x, y = ctx.saved_tensors\n        return 2 * x * g\n",
        ["not enough values to unpack", "forward saves 1 tensor with `save_for_backward`"],
    ),
    "detached in forward": (
        "class A(Function):\n    @staticmethod\n    def forward(ctx, x):\n        y = x.detach() * 3\n        ctx.save_for_backward(y)\n        return y * y\n"
        "    @staticmethod\n    def backward(ctx, g):\n        (y,) = ctx.saved_tensors\n        return 2 * y * g\n",
        ["the factor 3 is missing", "`y = x * 3` multiplies by `3`"],
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_what_is_no_matter_of_derivatives(name: str) -> None:
    text, said = BODIES[name]
    x = torch.randn(2, 3, dtype=torch.float64, requires_grad=True)
    with pytest.raises(Exception) as raised:
        gradcheck(made.run(HEAD + text).A.apply, (x,))
    whole = " ".join((str(raised.value) + "".join(getattr(raised.value, "__notes__", ()))).split())
    assert all(part in whole for part in said), whole


def test_a_function_of_torch_calls_that_cuts_the_graph() -> None:
    x = torch.randn(3, dtype=torch.float64, requires_grad=True)
    cut = made.run("import torch\ndef f(x):\n    m = x.detach()\n    return x * m\n").f
    with pytest.raises(GradcheckError, match=r"`x.detach\(\)` in line 3 of made_\d+.py"):
        gradcheck(cut, (x,))
    assert (
        gradcheck(made.run("import torch\ndef f(x):\n    return (x - x.max().detach()).exp() * x.max().detach().exp()\n").f, (x,))
        is not None
    )


def test_float32_is_told() -> None:
    with pytest.warns(UserWarning), pytest.raises(GradcheckError, match="The inputs are float32"):
        gradcheck(lambda x: x.sin() * x, (torch.randn(3, requires_grad=True),))


@pytest.mark.parametrize(
    ("old", "new", "text"), [("(g * x)", "(g * x * s)", "`s` is a factor too many"), ("g * s,", "g,", "`s` comes in nowhere")]
)
def test_what_forward_writes_into_is_looked_into(old: str, new: str, text: str) -> None:
    function = made.function("ScaledInPlace", old, new)
    with pytest.raises(GradcheckError) as raised:
        gradcheck(lambda x, s: function.apply(x.clone(), s), (SAMPLES.r(3, 2), SAMPLES.r(2)))
    assert text in str(raised.value)


def test_an_axis_that_is_counted_from_the_end_is_no_sign() -> None:
    function = made.function("Softmax", "(dy * y).sum(-1, keepdim=True)", "torch.sum(dy * y, dim=-2, keepdim=True)")
    said = told(function, CASES["Softmax"][0])
    assert "minus" not in said
    assert "axis" in said
