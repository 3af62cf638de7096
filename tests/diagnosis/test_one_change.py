"""One change of a line puts it right, or two that stand apart: what is told is what was changed, each row on another graph."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pages import write

from backprop_check.flow import check
from backprop_check.submission.zygote import Zygote

PAGE = "Forward: {}\nShapes: {}\nInputs: {}\nWrong: {}\nRight: {}\n"
RANDN, RAND = "torch.randn", "torch.rand + 0.5"

# (forward, shapes, how inputs are drawn, what is given before the answer, the answer, the right one, codes, what must be said, what must not)
ROWS = [
    # A part of several signs stands for a tensor of the forward.
    ("y = (2 + s).unsqueeze(1) * v", "s (N), v (N, C)", RANDN, "", "ds = (dy * (2 + s).unsqueeze(1)).sum(1)", "ds = (dy * v).sum(1)",
     "wrong-operand", r"^`\(2 \+ s\)\.unsqueeze\(1\)` stands where another tensor belongs", r"Leave your line|No part was found"),
    ("y = torch.exp(-g) * h", "g (N), h (K, N)", RANDN, "", "dg = -(dy * torch.exp(-g) * torch.exp(-g)).sum(0)", "dg = -(dy * h * torch.exp(-g)).sum(0)",
     "wrong-operand", r"^`torch\.exp\(-g\)` stands where another tensor belongs", r"Leave your line|No part was found"),
    # A mask that lets all through, or that another line has, decides nothing here.
    ("p = s.abs(); q = s**2; y = torch.where(p < 1, q, 2 * p - 1)", "s (N, C)", RANDN, "dq = torch.where(p < 1, dy, 0.0); dp = torch.where(p < 1, 0.0, 2 * dy)",
     "ds = 2 * s * dq + dp * (s > 0)", "ds = 2 * s * dq + dp * torch.sign(s)", "wrong-local-derivative wrong-mask", r"derivative of relu, but the forward computes `s\.abs\(\)`", r"torch\.where|too few places"),
    ("p = torch.abs(s); y = torch.relu(p) * 3", "s (N, C)", RANDN, "dp = 3 * dy", "ds = dp * (s >= 0)", "ds = dp * torch.sign(s)",
     "wrong-local-derivative wrong-mask", r"derivative of relu, but the forward computes `torch\.abs\(s\)`", r"relu\(p\)|too few places"),
    # One change, not two that undo each other.
    ("m = u - w + 2.0; y = m * m", "u (N, C), w (N, C)", RANDN, "dm = 2 * m * dy", "dw = -w * dm", "dw = -dm", "extra-term wrong-local-derivative",
     r"^`w` is a factor too many", r"minus is missing|other mistake"),
    ("h = x * torch.sigmoid(2 * x)", "x (N, C)", RANDN, "", "dx = dh * (torch.sigmoid(2 * x) + 2 * x * h * (1 - h))",
     "dx = dh * (torch.sigmoid(2 * x) + 2 * x * torch.sigmoid(2 * x) * (1 - torch.sigmoid(2 * x)))", "wrong-point wrong-operand", r"`torch\.sigmoid\(2 \* x\)`", r"other mistake|too many"),
    ("p = torch.softmax(3 * z, 0)", "z (N, C)", RANDN, "", "dz = 3 * p * (dp - dp * p).sum(0)", "dz = 3 * p * (dp - (dp * p).sum(0))",
     "wrong-local-derivative needless-sum", r"[Bb]racket", r"other mistake"),
    ("v = q.sum(0) / (q.shape[0] - 1)", "q (N, C)", RANDN, "", "dq = torch.ones_like(q) * dv / q.shape[0] - 1", "dq = torch.ones_like(q) * dv / (q.shape[0] - 1)",
     "wrong-scale", r"[Bb]racket", r"other mistake"),
    # Sums of two paths multiplied, within another sum.
    ("u = a @ W; v = c @ W; y = u * v", "a (B, N, K), c (B, N, K), W (K, M)", RANDN, "du = v * dy; dv = u * dy", "dW = ((a + c).mT @ (du + dv)).sum(0)",
     "dW = (a.mT @ du + c.mT @ dv).sum(0)", "sum-before-product", r"each path|along each|sums first", r"other mistake|the numbers are not"),
    # Two slips, told as two.
    ("y = (t - z)**3", "t (N, C), z (N, C)", RANDN, "", "dz = (t - z)**2 * dy", "dz = -3 * (t - z)**2 * dy", "wrong-scale wrong-sign", r"minus", r"on the other side of a fraction"),
    ("z = W @ x; g = V @ z; y = g + u * x", "W (M, K), V (K, M), x (K), u (K)", RANDN, "dg = dy; dz = V.T @ dg", "dx = V @ dz - u * dy", "dx = W.T @ dz + u * dy", "wrong-operand wrong-transpose subtracted-branch wrong-sign",
     r"subtracted|minus", r"Leave your line|No part was found"),
    ("y = W @ x", "W (B, K), x (N, K, C)", RANDN, "", "dx = -W.T @ dy / W.shape[0]", "dx = W.T @ dy", "wrong-sign wrong-scale", r"minus", r"the numbers are not"),
    ("e = torch.exp(x * a); s = torch.sin(x * b); y = e * s", "x (N, C), a (N, C), b (N, C)", RANDN, "de = s * dy; ds = e * dy", "dx = a * de + b * ds", "dx = a * e * de + b * torch.cos(x * b) * ds",
     "missing-local-derivative missing-inner-derivative", r"e = torch\.exp\(x \* a\)", r"the numbers are not"),
    ("p = torch.softmax(z / 3, 0)", "z (N, C)", RANDN, "", "dz = ((dp * p).sum(0) - dp) / 3", "dz = p * (dp - (dp * p).sum(0)) / 3",
     "wrong-sign missing-local-derivative wrong-local-derivative", r"turned round|minus", r"the numbers are not"),
    # Where each of two is told of the line with the other one put right, it says what that is.
    ("p = torch.softmax(2 * z, 1); y = p * w", "z (N, C), w (N, C)", RANDN, "dp = w * dy", "dz = 2 * p * (dp + (p * dp).sum(0, keepdim=True))", "dz = 2 * p * (dp - (p * dp).sum(1, keepdim=True))",
     "wrong-axis", r"^`\(p \* dp\)\.sum\(0, keepdim=True\)` has the opposite sign", r"^with the other mistake put right, "),
    # A reduction with a slope, taken for a sum.
    ("n = torch.linalg.vector_norm(x, dim=1)", "x (N, C)", RANDN, "", "dx = dn.unsqueeze(1).expand_as(x)", "dx = dn.unsqueeze(1) * x / n.unsqueeze(1)",
     "missing-local-derivative", r"slope|moves", r"the numbers are not"),
    ("m = torch.logsumexp(z, 0)", "z (N, C)", RANDN, "", "dz = dm * torch.ones_like(z)", "dz = dm * torch.softmax(z, 0)", "missing-local-derivative", r"slope|moves", r"the numbers are not"),
    # The forward's own index once more.
    ("q = x[:, i]", "x (N, C), i (K) of C", RANDN, "", "dx = dq[:, i]", "dx = torch.zeros_like(x).index_add(1, i, dq)", "missing-scatter", r"picks", r"the numbers are not|are not compared"),
    # What arrives taken for the labels.
    ("a = torch.sigmoid(z); y = a * w", "z (N, C), w (N, C)", RANDN, "da = w * dy", "dz = a - da", "dz = a * (1 - a) * da", "misused-shortcut", r"cross-entropy", r"the numbers are not"),
    ("p = torch.softmax(z, 0); y = p * w", "z (N, C), w (N, C)", RANDN, "dp = w * dy", "dz = p - dp", "dz = p * (dp - (p * dp).sum(0))", "misused-shortcut", r"cross-entropy", r"the numbers are not"),
]  # fmt: skip


@pytest.mark.table
@pytest.mark.parametrize("row", ROWS, ids=[row[4] for row in ROWS])
def test_what_was_changed_is_told(row: tuple[str, ...], tmp_path: Path, zygote: Zygote) -> None:
    forward, shapes, inputs, given, answer, right, codes, must, never = row
    before = f"{given}; " if given else ""
    report = check(*write(tmp_path, PAGE.format(forward, shapes, inputs, before + answer, before + right), before + answer), zygote)
    assert report.message is None, report.message
    (wrong,) = (gradient for gradient in report.gradients if gradient.diagnoses)
    texts = [text for d in wrong.diagnoses for text in (d.error, d.note, d.help, d.evidence) if text]
    assert wrong.diagnoses[0].code in codes.split(), texts
    assert any(re.search(must, text) for text in texts), texts
    assert not [text for text in texts if re.search(never, text)], texts
