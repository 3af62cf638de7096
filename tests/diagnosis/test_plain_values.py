"""Plain values and values that agree by chance: each has a sentence of its own, and no story of an operation is told of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pages import write

from backprop_check.flow import check
from backprop_check.records import Diagnosis
from backprop_check.submission.zygote import Zygote

PAGE = "Forward: {}\nShapes: {}\nInputs: {}\nWrong: {}\nRight: {}\n"
DOT = ("loss = a @ b", "a (N,), b (N,)", "torch.randn", "da = b")
SQUARED = ("c = a @ b; loss = c.square()", "a (N,), b (N,)", "torch.randn", "dc = 2 * c; da = b * dc")
ROWS = ("c = a @ b", "a (N, K), b (K,)", "torch.randn", "db = a.T @ dc")
LOG = ("c = a * b; d = torch.log(c)", "a (N,), b (N,)", "torch.rand + 0.5", "dc = dd / c; da = b * dc; db = a * dc")
EXP = ("c = torch.exp(a)", "a (N,)", "torch.randn", "da = c * dc")
TANH = ("p = x * s; h = torch.tanh(p); loss = h.sum()", "x (N, C), s (N, 1)", "torch.randn",
        "dh = torch.ones_like(h); dp = (1 - h**2) * dh; dx = s * dp; ds = (x * dp).sum(1, keepdim=True)")  # fmt: skip
INVERSE = ("c = a**-1", "a (N,)", "torch.rand + 0.5", "da = -(a**-2) * dc")
SQUARES = ("c = b.square(); loss = c.sum()", "b (N,)", "torch.randn", "dc = torch.ones_like(c); db = 2 * b * dc")
SUM = ("b = a.sum(1)", "a (N, C)", "torch.randn", "da = db.unsqueeze(1).expand(a.shape)")
CENTRED = ("m = x.mean(0, keepdim=True); d = x - m; h = torch.relu(d); y = h * w", "x (N, C), w (C,)", "torch.randn",
           "dh = w * dy; dd = (d > 0) * dh; dm = -dd.sum(0, keepdim=True); dx = dd + dm / x.shape[0]")  # fmt: skip
VIEW = ("v = e.view(e.shape[0], -1); y = v * w", "e (N, B, C), w (N, 1)", "torch.randn",
        "dv = w * dy; de = dv.view(e.shape); dw = (v * dy).sum(1, keepdim=True)")  # fmt: skip
GIVEN = ("h = torch.tanh(z)", "z (N, C)", "torch.randn", "dz = (1 - h**2) * dh")
SOFTMAX = ("p = torch.softmax(z, 1)", "z (N, C)", "torch.randn", "dz = p * (dp - (p * dp).sum(1, keepdim=True))")

STORIES = r"derivative of (?!1/x|this)|form of the expression|[Aa]ll the rest|already is the result|gradient descent|numbers are right|goes one step too far"
"""What is told of other answers, and never of these."""

# (the graph, its answer, the code, what must be said)
SAID = [
    # Zeros: nothing comes back.
    (DOT, "da = torch.zeros_like(a)", "wrong-idea", "zero everywhere: nothing comes back to a"),
    (SQUARED, "dc = torch.zeros_like(c)", "wrong-idea", "this is zero: nothing comes back to c"),
    (CENTRED, "dm = torch.zeros_like(m)", "wrong-idea", "m is used in `d = x - m`"),
    (SOFTMAX, "dz = torch.zeros_like(z)", "wrong-idea", "zero everywhere"),
    (LOG, "da = a - a", "wrong-idea", "nothing comes back to a"),
    # One number everywhere, numbers written down.
    (DOT, "da = torch.ones_like(a)", "wrong-local-derivative", "1 everywhere, whatever the values"),
    (DOT, "da = torch.ones(5)", "wrong-local-derivative", "The shape is written down too"),
    (DOT, "da = torch.tensor([1., 2., 3., 4., 5.])", "wrong-local-derivative", "numbers written down"),
    (SQUARED, "dc = torch.tensor(2.)", "wrong-local-derivative", "this is 2, whatever"),
    (LOG, "dc = torch.ones_like(c)", "missing-upstream", "multiply with the number of dd there"),
    (TANH, "dp = torch.ones_like(p)", "missing-upstream", "1 everywhere"),
    (ROWS, "db = torch.full_like(b, a.shape[0])", "missing-upstream", "at the exercise's own sizes"),
    # Values of the forward.
    (DOT, "da = a @ b", "wrong-local-derivative", "this is loss itself: the value of `a @ b`"),
    (DOT, "da = torch.full_like(a, loss.item())", "wrong-local-derivative", "this is loss itself, copied"),
    (SQUARED, "dc = c ** 2", "wrong-local-derivative", r"the value of `c\.square\(\)`, not how it moves with c"),
    (ROWS, "db = b", "wrong-local-derivative", "this is b itself: a value of the forward"),
    (LOG, "dc = torch.log(c) * dd", "wrong-local-derivative", r"this is dd times d itself, the value of `torch\.log\(c\)`"),
    (LOG, "da = a * b", "wrong-operand", "this is c itself"),
    (INVERSE, "da = c * dc", "wrong-local-derivative", "dc times c itself"),
    (SUM, "da = a", "wrong-local-derivative", "this is a itself"),
    (VIEW, "de = e.view(dv.shape)", "wrong-local-derivative", "this is v itself"),
    (VIEW, "de = v.view(e.shape)", "wrong-operand", "this is e itself"),
    (VIEW, "dw = v", "missing-upstream", "a factor of the gradient; what arrives from above is not in it"),
    (SQUARES, "db = b ** 2", "wrong-local-derivative", "this is c itself"),
    (DOT, "da = loss / a", "wrong-local-derivative", "loss divided by a"),
    # Another function of the forward's for its slope.
    (LOG, "dc = dd * torch.exp(c)", "wrong-local-derivative", "exp undoes log: it is the inverse function"),
    (LOG, "dc = torch.exp(d) * dd", "wrong-local-derivative", r"this multiplies with `torch\.exp\(d\)`, where the derivative divides"),
    (EXP, "da = torch.log(c) * dc", "wrong-local-derivative", "log undoes exp"),
    (TANH, "dp = torch.atanh(h) * dh", "wrong-local-derivative", "atanh undoes tanh"),
    (LOG, "dc = (c * torch.log(c) - c) * dd", "wrong-local-derivative", "integral of `torch.log"),
    (INVERSE, "da = torch.log(a) * dc", "wrong-local-derivative", "integral of `a"),
    (SQUARES, "db = b**3 / 3", "wrong-local-derivative", "integral of `b.square"),
    (EXP, "da = a * torch.exp(a - 1) * dc", "wrong-local-derivative", "the power rule, but in `torch.exp"),
    (LOG, "dc = -dd / c**2", "wrong-local-derivative", "derivative of 1/x, but the forward computes `torch.log"),
    # Where a gradient of ones makes two stories of one value.
    (TANH, "dx = s * dh", "missing-local-derivative", r"passes dh through `torch\.tanh\(p\)` unchanged"),
    (TANH, "ds = (x * dh).sum(1, keepdim=True)", "missing-local-derivative", "dh"),
    # The slope alone.
    (EXP, "da = c", "missing-upstream", "This is how c moves with a. Multiply this with dc"),
    (ROWS, "db = a.sum(0)", "missing-upstream", "dc says how much each of the numbers counts"),
    # Other words that were supposed and not tested.
    (EXP, "da = 1 / c * dc", "wrong-local-derivative", "this divides by `c`, where the derivative multiplies"),
    (TANH, "dp = (1 - h)**2 * dh", "wrong-power", r"this raises the whole of `1 - h`"),
    (GIVEN, "dz = 1 - h**2 * dh", "missing-upstream", r"brackets are missing: `dh` multiplies only"),
    (TANH, "dp = (1 - h) * dh", "wrong-power", "does not stand to the right power"),
]  # fmt: skip


def told(folder: Path, zygote: Zygote, graph: tuple[str, str, str, str], answer: str) -> tuple[Diagnosis, ...]:
    forward, shapes, inputs, right = graph
    report = check(*write(folder, PAGE.format(forward, shapes, inputs, answer, right), answer), zygote)
    assert report.message is None, report.message
    return tuple(d for g in report.gradients for d in g.diagnoses)


@pytest.mark.table
@pytest.mark.parametrize(("graph", "answer", "code", "pattern"), SAID, ids=[case[1] for case in SAID])
def test_a_plain_value_is_told_as_what_it_is(
    graph: tuple[str, str, str, str], answer: str, code: str, pattern: str, tmp_path: Path, zygote: Zygote
) -> None:
    found = told(tmp_path, zygote, graph, answer)
    assert found[0].code == code, found
    said = " ".join(f"{d.error}. {d.note} {d.help}" for d in found)
    assert re.search(pattern, said), said
    assert not re.search(STORIES, said), said


SUPPOSED = [
    (DOT, "da = b[0] + torch.zeros_like(a)", r"times dloss\b|\bdc\b"),
    (TANH, "dx = s * dh", "dp is missing here"),
    (TANH, "dp = (1 - h) * dh", "exponent down"),
    (LOG, "db = dd / a", "brings in"),
    (ROWS, "db = a.T @ c", "which tensor decides"),
    (TANH, "ds = x.T @ dp", "element by element"),
    (SQUARED, "da = 2 * b", r"constant factor \(a @ b\)"),
]


@pytest.mark.parametrize(("graph", "answer", "never"), SUPPOSED, ids=[case[1] for case in SUPPOSED])
def test_nothing_is_said_that_was_not_tested(
    graph: tuple[str, str, str, str], answer: str, never: str, tmp_path: Path, zygote: Zygote
) -> None:
    for d in told(tmp_path, zygote, graph, answer):
        assert not re.search(never, f"{d.error} {d.note} {d.help} {d.evidence}"), d


def test_figures_are_of_the_exercises_own_sizes(tmp_path: Path, zygote: Zygote) -> None:
    (found,) = told(tmp_path, zygote, ROWS, "db = torch.sin(a).sum(0) * dc.sum()")
    assert re.search(r"When b\[\d\] rises a little, 5 numbers of c move", found.note), found


@pytest.mark.parametrize("right", ["da = torch.ones_like(a) * b", "da = a * b / a", "da = torch.zeros_like(a) + b"])
def test_right_answers_stay_right(right: str, tmp_path: Path, zygote: Zygote) -> None:
    assert not told(tmp_path, zygote, DOT, right)
