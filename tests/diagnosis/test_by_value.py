"""What explains an answer by its numbers alone, or two mistakes together: each on a small graph, beside right answers that stay right."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import write

from backprop_check.diagnosis.mistakes import mistakes
from backprop_check.diagnosis.order import LAST, ORDER
from backprop_check.diagnosis.pages import pages
from backprop_check.flow import check
from backprop_check.records import Diagnosis
from backprop_check.submission.zygote import Zygote

PAGE = "Forward: {}\nShapes: {}\nInputs: {}\nWrong: {}\nRight: {}\n"

# (forward, shapes, how inputs are drawn, wrong statements, right ones in another form, the codes that are said)
CASES = [
    # The gradient of a neighbour.
    ("h = torch.sigmoid(x @ W)", "x (N, K), W (K, M)", "torch.randn", "dx = dh * h * (1 - h)", "dx = (dh * h * (1 - h)) @ W.T",
     ["missing-local-derivative"]),
    ("h = torch.tanh(z); y = h * w", "z (N, C), w (N, C)", "torch.randn", "dh = dy * w * (1 - h**2)", "dh = dy * w * torch.ones_like(h)",
     ["wrong-local-derivative"]),
    ("m = x.mean(1, keepdim=True); y = m * w", "x (N, C), w (N, 1)", "torch.randn", "dx = dy * w", "dx = (dy * w / x.shape[1]).expand_as(x)",
     ["not-expanded"]),
    # One slip in the right formula, in a form that is no single expression.
    ("h = torch.tanh(z)", "z (N, C)", "torch.randn", "dz = dh.clone(); [dz[i].mul_(h[i]**2) for i in range(len(z))]",
     "dz = dh.clone(); [dz[i].mul_(1 - h[i]**2) for i in range(len(z))]", ["wrong-local-derivative"]),
    ("p = torch.softmax(z, 1)", "z (N, C)", "torch.randn", "dz = p * dp", "dz = p * dp - p * torch.einsum('nc,nc->n', p, dp)[:, None]",
     ["missing-branch"]),
    ("y = x @ W", "x (B, T, K), W (K, M)", "torch.randn", "dW = x.sum(1).T @ dy.sum(1)", "dW = x.flatten(0, 1).T @ dy.flatten(0, 1)",
     ["sum-before-product"]),
    ("y = g * x", "g (C), x (N, C)", "torch.randn", "dx = dy @ g", "dx = dy @ torch.diag(g)", ["needless-sum"]),
    ("w = x.unfold(1, 3, 1)", "x (N, T)", "torch.randn", "dx = torch.zeros_like(x); [dx[:, t:t+3].copy_(dw[:, t]) for t in range(w.shape[1])]",
     "dx = torch.zeros_like(x); [dx[:, t:t+3].add_(dw[:, t]) for t in range(w.shape[1])]", ["dropped-repeats"]),
    # The right numbers elsewhere.
    ("y = torch.cat([a, b], 1)", "a (N, C), b (N, C)", "torch.randn", "da = torch.cat([dy[:, 1:a.shape[1]], dy[:, :1]], 1)", "da = dy[:, :a.shape[1]]",
     ["wrong-slice"]),
    # The updated parameter.
    ("y = x @ W", "x (N, K), W (K, M)", "torch.randn", "dW = W - 0.1 * x.T @ dy", "dW = x.T @ dy", ["extra-term"]),
    # Two mistakes that meet: a sign is told last.
    ("y = x / s", "x (N, C), s (N, 1)", "torch.rand + 0.5", "ds = (x / s**2 * dy).sum(1)", "ds = -(x / s**2 * dy).sum(1)[:, None]",
     ["lost-keepdim", "wrong-sign"]),
    ("h = torch.tanh(z); y = h * w", "z (N, C), w (C)", "torch.randn", "dz = -(1 - h) * (dy * w)", "dz = w * dy * (1 - h * h)",
     ["wrong-power", "wrong-sign"]),
    # A number that is a length of today, in an answer that is wrong besides.
    ("y = a * s", "a (N, C), s (N, 1)", "torch.randn", "ds = a.sum(1).reshape(5, 1) + dy.sum(1).reshape(5, 1)",
     "ds = (a * dy).sum(1).reshape(-1, 1)", ["hard-coded-size"]),
]  # fmt: skip


def said(folder: Path, zygote: Zygote, case: tuple[str, str, str, str, str, list[str]], statements: str) -> tuple[Diagnosis, ...]:
    forward, shapes, inputs, wrong, right, _ = case
    report = check(*write(folder, PAGE.format(forward, shapes, inputs, wrong, right), statements), zygote)
    assert report.message is None, report.message
    return tuple(d for g in report.gradients for d in (*g.diagnoses, *g.remarks))


@pytest.mark.parametrize("case", CASES, ids=[case[3] for case in CASES])
def test_wrong(case: tuple[str, str, str, str, str, list[str]], tmp_path: Path, zygote: Zygote) -> None:
    found = said(tmp_path, zygote, case, case[3])
    assert [d.code for d in found] == case[5]
    assert all(d.certainty == "proven" and d.error and d.note and d.help for d in found)


@pytest.mark.parametrize("case", CASES, ids=[case[4] for case in CASES])
def test_right(case: tuple[str, str, str, str, str, list[str]], tmp_path: Path, zygote: Zygote) -> None:
    assert said(tmp_path, zygote, case, case[4]) == ()


def test_two_causes_that_both_stand_are_offered_as_such(tmp_path: Path, zygote: Zygote) -> None:
    """Of `inv**-1.5` for `inv**3`: the power is off, or what is raised; both mend it, and neither says more."""
    case = ("inv = v**-0.5; y = x * inv", "x (N, C), v (C)", "torch.rand + 0.5", "dinv = (x * dy).sum(0); dv = -0.5 * inv**-1.5 * dinv",
            "dinv = (x * dy).sum(0); dv = -0.5 * inv**3 * dinv", [])  # fmt: skip
    found = said(tmp_path, zygote, case, case[3])
    assert {d.code for d in found} == {"wrong-point", "wrong-power"}
    assert {d.certainty for d in found} == {"one-of"}
    assert said(tmp_path, zygote, case, case[4]) == ()


def test_every_mistake_has_its_place_in_the_order() -> None:
    named = [code for code in (*ORDER, *LAST) if isinstance(code, str)]
    assert sorted(named) == sorted(mistakes())
    assert all(page.ties <= set(ORDER) for page in pages())
