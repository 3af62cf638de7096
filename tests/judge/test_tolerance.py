"""The tolerance knows how large a gradient's terms are before they cancel."""

from __future__ import annotations

import pytest
import torch
from asking import COURSE, Judge
from graphs import NORMED, NORMED_RIGHT, SOFTMAX, SOFTMAX_RIGHT


def test_gradients_that_are_mathematically_zero(ask: Judge) -> None:
    ask.table(
        NORMED,
        """
        db1 = dpre.sum(0)                                   # -> correct
        db1 = torch.zeros_like(b1)                          # -> correct
        db1 = torch.zeros(b1.shape)                         # -> correct
        db1 = -dpre.sum(0)                                  # -> correct by-accident
        db1 = dpre.mean(0)                                  # -> correct by-accident
        db1 = torch.full_like(b1, 1e-3)                     # -> incorrect
        db1 = torch.full_like(b1, 1e-6)                     # -> incorrect
        db1 = torch.full_like(b1, -1e-15)                   # -> correct
        db1 = ddiff.sum(0)                                  # -> incorrect
        db1 = dpre.abs().sum(0)                             # -> incorrect
        db1 = dpre.sum(0, keepdim=True)                     # -> incorrect
        db1 = dpre.sum(1)                                   # -> incorrect
        db1 = dpre[0]                                       # -> incorrect
        db1 = torch.full_like(b1, float('nan'))             # -> incorrect
        db1 = torch.zeros(b1.shape, dtype=torch.float32)    # -> correct float32
        db1 = torch.zeros(b1.shape, dtype=torch.int64)      # -> incorrect
        db1 = dpre.float().sum(0)                           # -> correct float32
        """,
    )
    ask.table(
        SOFTMAX,
        """
        dm = -dnorm.sum(1, keepdim=True)                    # -> correct
        dm = (-dnorm).sum(1, keepdim=True)                  # -> correct
        dm = torch.zeros_like(m)                            # -> correct
        dm = dnorm.sum(1, keepdim=True)                     # -> correct by-accident
        dm = -dnorm.sum(1)                                  # -> incorrect
        dm = -dnorm.max(1, keepdim=True).values             # -> incorrect
        dm = torch.full_like(m, 1e-3)                       # -> incorrect
        dl = dnorm + F.one_hot(l.argmax(1), l.shape[1]) * dm    # -> correct
        dl = dnorm                                          # -> correct by-accident
        dl = dnorm - F.one_hot(l.argmax(1), l.shape[1]) * dm    # -> correct by-accident
        dl = dnorm * (1 + 1e-6)                             # -> incorrect
        dl = dnorm + 1e-6                                   # -> incorrect
        dl = p * (w - (p * w).sum(1, keepdim=True))         # -> correct
        dl = p * w - p * (p * w).sum(1, keepdim=True)       # -> correct
        """,
    )


@pytest.mark.parametrize("factor", ["1e-12", "1e-6", "1e6", "1e12", "1e-150", "1e150"])
def test_scale_does_not_matter(ask: Judge, factor: str) -> None:
    graph = SOFTMAX.replace("(p * w).sum()", f"(p * w).sum() * {factor}")
    ask.table(
        graph,
        f"""
        dp = w * {factor}                                   # -> correct
        dp = w * {factor} * (1 + 1e-6)                      # -> incorrect
        dp = w * {factor} * (1 + 3e-9)                      # -> incorrect
        dp = w * {factor} * (1 + 1e-12)                     # -> correct
        dp = torch.zeros_like(w)                            # -> incorrect
        dinv = (c * dp).sum(1, keepdim=True)                # -> correct
        dinv = (c * dp).sum(1, keepdim=True) * (1 - 1e-6)   # -> incorrect
        dinv = torch.zeros_like(inv)                        # -> incorrect
        dcs = -cs**-2 * dinv                                # -> correct
        dcs = -torch.exp(-2 * cs.log()) * dinv              # -> correct
        dcs = -1 / cs / cs * dinv                           # -> correct
        dcs = cs**-2 * dinv                                 # -> incorrect
        dc = inv * dp + dcs                                 # -> correct
        dc = inv * dp + dcs * (1 + 1e-5)                    # -> incorrect
        dc = inv * dp                                       # -> incorrect
        dm = -dnorm.sum(1, keepdim=True)                    # -> correct
        dm = torch.zeros_like(m)                            # -> correct
        dm = torch.full_like(m, 1e-6 * {factor})            # -> incorrect
        dl = dnorm + F.one_hot(l.argmax(1), l.shape[1]) * dm    # -> correct
        dl = dnorm.clone(); dl[0, 0] += 1e-6 * {factor}     # -> incorrect
        """,
    )


@pytest.mark.parametrize("factor", ["1e-12", "1e12"])
def test_scales_inside_the_graph(ask: Judge, factor: str) -> None:
    """The inputs themselves are tiny or huge, and their gradients the other way round."""
    graph = f"""
import torch

def inputs(N=5, C=3):
    return dict(a=torch.randn(N, C) * {factor}, b=torch.randn(N, C), k=torch.randn(C))

def forward(a, b, k):
    u = a / {factor}
    y = u * b + k
    t = torch.tanh(y)
    loss = t.sum()
    return loss

def backward(a, b, k, u, y, t, loss):
    dt = ...
    dy = ...
    dk = ...
    db = ...
    du = ...
    da = ...
"""
    ask.table(
        graph,
        f"""
        dy = (1 - t * t) * dt                   # -> correct
        dy = (1 - t) * (1 + t) * dt             # -> correct
        dk = dy.sum(0)                          # -> correct
        dk = dy.sum(0) * (1 + 1e-6)             # -> incorrect
        db = u * dy                             # -> correct
        db = a / {factor} * dy                  # -> correct
        db = a * dy                             # -> incorrect
        du = b * dy                             # -> correct
        da = du / {factor}                      # -> correct
        da = du * {factor}                      # -> incorrect
        da = du / {factor} * (1 + 1e-6)         # -> incorrect
        da = torch.zeros_like(a)                # -> incorrect
        """,
    )


CANCELS = '''
"""A softmax that is summed: everything cancels inside one line."""
import torch

def inputs(N=5, C=4):
    return dict(z=torch.randn(N, C))

def forward(z):
    y = z * 3
    loss = torch.softmax(y, 1).sum()
    return loss

def backward(z, y, loss):
    dy = ...
    dz = ...
'''


def test_cancellation_inside_one_line(ask: Judge) -> None:
    ask.table(
        CANCELS,
        """
        dy = torch.zeros_like(y)                                                    # -> correct
        dy = torch.softmax(y, 1) * (1 - torch.softmax(y, 1).sum(1, keepdim=True))   # -> correct
        dy = torch.softmax(y, 1) - torch.softmax(y, 1)**2                           # -> incorrect
        dy = torch.full_like(y, 1e-7)                                               # -> incorrect
        dy = torch.full_like(y, 1e-3)                                               # -> incorrect
        dy = torch.softmax(y, 1)                                                    # -> incorrect
        dz = 3 * dy                                                                 # -> correct
        dz = torch.zeros_like(z)                                                    # -> correct
        dz = torch.full_like(z, 1e-6)                                               # -> incorrect
        dz = dy                                                                     # -> correct by-accident
        """,
    )


PATHS = '''
"""Two large paths that nearly cancel."""
import torch

def inputs(N=5, C=4):
    return dict(x=torch.randn(N, C))

def forward(x):
    a = 1e6 * x
    b = 1 - 1e6 * x
    y = torch.tanh(x) * 1e-3
    s = a + b + y
    loss = s.sum()
    return loss

def backward(x, a, b, y, s, loss):
    ds = ...
    dx = ...
'''


def test_two_large_paths_that_cancel(ask: Judge) -> None:
    """Terms of 1e6 leave 1e-3: rounding of the terms is accepted, and no more than the contract's share of them."""
    ask.table(
        PATHS,
        """
        dx = 1e6 * ds - 1e6 * ds + 1e-3 * (1 - torch.tanh(x)**2) * ds       # -> correct
        dx = 1e6 * ds + 1e-3 * (1 - torch.tanh(x)**2) * ds - 1e6 * ds       # -> correct
        dx = 1e-3 * (1 - (y * 1e3)**2)                                      # -> correct
        dx = 1e6 * ds - 0.99999 * 1e6 * ds                                  # -> incorrect
        dx = 1e6 * ds                                                       # -> incorrect
        """,
    )


SPANNING = '''
"""Gradients of one tensor span twelve orders of magnitude."""
import torch

def inputs(N=7, C=3):
    return dict(x=torch.randn(N, C))

def forward(x):
    n = x.shape[0]
    weights = torch.logspace(-6, 6, n, dtype=torch.float64)[:, None]
    y = x * weights
    z = y + y**3 * 0
    loss = z.sum()
    return loss

def backward(x, n, weights, y, z, loss):
    dz = ...
    dy = ...
    dx = ...
'''


def test_gradients_that_span_magnitudes(ask: Judge) -> None:
    ask.table(
        SPANNING,
        """
        dx = weights * dy                                   # -> correct
        dx = torch.exp(weights.log() + dy.log())            # -> correct
        dx = weights * dy * (1 + 1e-6)                      # -> incorrect
        dx = weights * dy; dx[-1, 0] *= 1 + 1e-7            # -> incorrect
        dx = weights.flip(0) * dy                           # -> incorrect
        dx = (weights * dy).float()                         # -> correct float32
        """,
    )


SOFT = '''"""A softplus, some of whose inputs lie where torch takes it for the identity."""

import torch
import torch.nn.functional as F


def inputs(N=7):
    return dict(z=torch.cat([torch.randn(N - 1), torch.tensor([20.01])]))


def forward(z):
    y = F.softplus(z)  # (N,)
    return y


def backward(z, y, dy):
    dz = ...
'''


def test_what_torch_leaves_out_of_a_softplus_is_no_mistake(ask: Judge) -> None:
    """Above 20 its slope is 1, where the formula gives 1 - 2e-9: that and the formula are both right."""
    ask.table(
        SOFT,
        """
        dz = torch.sigmoid(z) * dy                                       # -> correct
        dz = dy / (1 + torch.exp(-z))                                    # -> correct
        dz = (1 - torch.exp(-y)) * dy                                    # -> correct
        dz = torch.where(z > 20, 1, torch.sigmoid(z)) * dy               # -> correct
        dz = torch.sigmoid(z) * dy * (1 + 1e-8)                          # -> incorrect
        dz = torch.where(z > 0, 1, torch.sigmoid(z)) * dy                # -> incorrect
        """,
    )


def test_forms_with_more_rounding(ask: Judge) -> None:
    ask.marks(
        NORMED,
        """
        dout = 2 * torch.sinh(out) / torch.cosh(out)**3                                     # -> correct
        dgain = torch.einsum('nh,nh->h', raw, dout)[None]                                   # -> correct
        draw = torch.diag(gain[0]).mm(dout.T).T                                             # -> correct
        dinv = (diff * draw).flip(0).cumsum(0)[-1:]                                         # -> correct
        dvar = -(inv**3) / 2 * dinv                                                         # -> correct
        ddiff2 = dvar.expand_as(diff2) / (n - 1)                                            # -> correct
        ddiff = torch.exp(inv.log()) * draw + 2 * torch.sqrt(diff2) * diff.sign() * ddiff2  # -> correct
        dmean = -ddiff.mean(0, keepdim=True) * n                                            # -> correct
        dpre = gain * inv / n * (n * dout - dout.sum(0) - n / (n - 1) * raw * (dout * raw).sum(0))  # -> correct
        db1 = dpre.T @ torch.ones(n)                                                        # -> correct
        dW = torch.stack([torch.outer(x[i], dpre[i]) for i in range(n)]).sum(0)             # -> correct
        dx = torch.linalg.solve(torch.eye(W.shape[0]), (dpre @ W.T).T).T                    # -> correct
        """,
    )


def test_every_right_answer_in_float32_is_right(ask: Judge) -> None:
    for exercise, right in ((NORMED, NORMED_RIGHT), (SOFTMAX, SOFTMAX_RIGHT)):
        rows = [line.replace(" = ", " = (", 1) + ").float()  # -> correct float32" for line in right.strip().splitlines()]
        ask.marks(exercise, "\n".join(rows))


def test_the_mlp_of_the_course_in_float32(ask: Judge) -> None:
    """A whole network in single precision: rounding adds up over twenty lines, and stays within the tolerance."""
    text = (COURSE / "solutions" / "ex13_mlp.py").read_text()
    head, body = text.split("loss,\n):\n")
    names = [line.split(" = ")[0].strip() for line in body.splitlines() if " = " in line and not line.strip().startswith("#")]
    casts = "".join(f"    {name} = {name}.float()\n" for name in names)
    judged = ask.text(COURSE / "exercises" / "ex13_mlp.py", head + "loss,\n):\n" + body + casts)
    assert judged.all_said() == dict.fromkeys(names, "correct float32")


def test_the_scale_is_that_of_the_terms(ask: Judge) -> None:
    """On the 26-gradient graph S is at most twice the gradient, except for the two that vanish."""
    from backprop_check.trace.oracle import trace

    graph = ask.graph(COURSE / "exercises" / "ex13_mlp.py")
    for choice in graph.sizes:
        trial = trace(graph, 11, choice)
        ratios = {name: trial.scales[name] / g.abs().max().item() for name, g in trial.gradients.items()}
        vanishing = {name for name, ratio in ratios.items() if ratio > 1e6}
        assert vanishing == {"dlogit_maxes", "db1"}
        assert all(1 <= ratio < 3 for name, ratio in ratios.items() if name not in vanishing)
        assert trial.scales["dlogit_maxes"] > 1e-4
        assert trial.scales["db1"] > 1e-5


def test_one_choice_of_signs_says_what_eight_would(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each number that is sent depends on one that arrived, no more are tried."""
    from backprop_check.exercise.parse import read_exercise
    from backprop_check.trace import scale
    from backprop_check.trace.graph import load_graph
    from backprop_check.trace.oracle import trace

    graphs = [load_graph(read_exercise(path)) for path in sorted((COURSE / "exercises").glob("ex*.py"))]
    found = [trace(graph, 1, graph.sizes[0]).scales for graph in graphs]
    monkeypatch.setattr(scale, "APART", frozenset())
    for graph, scales in zip(graphs, found, strict=True):
        assert trace(graph, 1, graph.sizes[0]).scales == pytest.approx(scales, rel=1e-12, abs=0)


def test_nothing_depends_on_the_default_dtype_of_the_caller(ask: Judge) -> None:
    assert torch.get_default_dtype() == torch.float32
    ask.graph(SOFTMAX)
    assert torch.get_default_dtype() == torch.float32
