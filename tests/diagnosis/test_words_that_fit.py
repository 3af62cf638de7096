"""Of all stories the simplest is told, and its words fit the line: what must be said, and what must never be, each on a small graph."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pages import write

from backprop_check.flow import check
from backprop_check.submission.zygote import Zygote

PAGE = "Forward: {}\nShapes: {}\nInputs: {}\nWrong: {}\nRight: {}\n"
RAND, RANDN = "torch.rand + 0.5", "torch.randn"

# (forward, shapes, how inputs are drawn, the answer, the right one, what must be said, what must never be said, nor stand in the fix)
ROWS = [
    # A power's two slopes; what its fixed base brings in.
    ("u = x ** p", "x (N, C), p (C)", RAND, "dp = (p * x ** (p - 1) * du).sum(0)", "dp = (u * torch.log(x) * du).sum(0)",
     r"slope of `x\*\*p` by `x`, and the one by `p` belongs", r"shape is right"),
    ("v = 2 ** a", "a (N, C)", RANDN, "da = v * dv", "da = v * torch.log(torch.tensor(2.0)) * dv",
     r"grows with its exponent by the log of its base `2`", r"multiplies or divides|torch\.tensor\(float"),
    # A function round what is right; a write where the way back reads; a slope that lacks in one term.
    ("z = h @ W", "h (N, K), W (K, M)", RANDN, "dh = (dz @ W.T).clamp(-0.1, 0.1)", "dh = dz @ W.T", r"`clamp` is too many", r"shape is right|All the rest"),
    ("s = b.index_add(0, to, m)", "b (C, K), m (N, K), to (N) of C", RANDN, "dm = torch.zeros_like(m).index_add(0, to, ds)", "dm = ds[to]",
     r"each reads what arrives at its place, `ds\[to\]`", r"`scatter`"),
    ("q = torch.tanh(x); y = x * q * a", "x (N, C), a (C)", RANDN, "dq = x * a * dy; dx = q * a * dy + (1 - q**2) * a * dy",
     "dq = x * a * dy; dx = q * a * dy + (1 - q**2) * dq", r"multiply `\(1 - q ?\*\* ?2\) \* a \* dy` with that too", r"inside"),
    # A running sum that begins one place late; a name of which one term belongs; a logsumexp without its log.
    ("c = x.cumsum(1)", "x (N, C)", RANDN, "dx = dc.sum(1, keepdim=True) - dc.cumsum(1)", "dx = dc.flip(1).cumsum(1).flip(1)",
     r"lacks what arrives at its own place, `dc`", r"shape is right"),
    ("loss = (w * m).sum() / w.sum() + (s**2).sum()", "w (N), m (N), s (K)", RAND, "dw = (m - loss) / w.sum()",
     "dw = (m - (w * m).sum() / w.sum()) / w.sum()", r"`loss` holds more than belongs here", r"shape is right"),
    ("m = torch.logsumexp(z, 1)", "z (N, C)", RANDN, "dz = torch.exp(z) * dm[:, None]", "dz = torch.softmax(z, 1) * dm[:, None]",
     r"derivative of `torch\.exp\(z\)\.sum\(1\)`", r"another form"),
    # One missing factor before two mistakes.
    ("y = a / (b * c)", "a (N), b (N), c (N)", RAND, "db = -a / b**2 * dy", "db = -a / (b**2 * c) * dy",
     r"a factor of the derivative is missing", r"right power|another tensor"),
    ("y = a / (b * c)", "a (N), b (N), c (N)", RAND, "db = -y * dy", "db = -y / b * dy",
     r"a factor of the derivative is missing", r"right power|another tensor"),
    # Of two mistakes the fix is a line that is told of.
    ("y = a / (b * c)", "a (N), b (N), c (N)", RAND, "db = a / (b**2 + c) * dy", "db = -a / (b**2 * c) * dy",
     r"added", r"\(b \* c\)\*\*2"),
    # A value where its slope belongs.
    ("y = (2 - p).mean(1)", "p (N, C)", RANDN, "dp = (2 - p) / p.shape[1] * dy[:, None]",
     "dp = -torch.ones_like(p) / p.shape[1] * dy[:, None]", r"`2 - p` itself stands here in the place of its derivative", r"`2` is not"),
    # No minus that takes back another.
    ("y = torch.sigmoid(z)", "z (N, C)", RANDN, "dz = -y * (1 + y) * dy", "dz = y * (1 - y) * dy", r"this minus does not belong", r"-1 \+ y|All the rest"),
    ("y = (x**2).mean(1)", "x (N, C)", RANDN, "dx = -x**2 / x.shape[1] * dy[:, None]", "dx = 2 * x / x.shape[1] * dy[:, None]",
     r"2 \* x", r"-2 \* x"),
    # A factor of which turning would spoil what is right.
    ("y = ((x @ A) * x).sum(1)", "x (N, C), A (C, C)", RANDN, "dx = 2 * (x @ A) * dy[:, None]",
     "dx = (x @ A) * dy[:, None] + (x * dy[:, None]) @ A.T", r"x stands more than once in", r"turned"),
    # Parts of one operation's derivative.
    ("p = torch.softmax(z, 1)", "z (N, C)", RANDN, "dz = p * dp - p * dp.sum(1, keepdim=True)",
     "dz = p * dp - p * (p * dp).sum(1, keepdim=True)", r"inside the sum, a factor is missing", r"each operation between"),
    ("p = torch.softmax(z, 1)", "z (N, C)", RANDN, "dz = dp - (p * dp).sum(1, keepdim=True)",
     "dz = p * (dp - (p * dp).sum(1, keepdim=True))", r"factor of the derivative is missing before this", r"which product of the two|moves with z is missing"),
    ("y = x @ W", "x (N, K), W (K, M)", RANDN, "dx = torch.einsum('nm,kj->nk', dy, W)", "dx = dy @ W.T", r"two letters", r"afterwards"),
    # The gradient that is asked for is that of the line in which the node stands.
    ("h = x * w; y = torch.tanh(h)", "x (N, C), w (C)", RANDN, "dh = (1 - y**2) * dy; dw = torch.zeros_like(w); [dw.add_(x[n] * h[n]) for n in range(len(x))]",
     "dh = (1 - y**2) * dy; dw = (x * dh).sum(0)", r"arrives at h\b", r"arrives at y\b"),
    # A mean that only one of several ways goes through is not the one that is repeated.
    ("c = x - m; v = (c**2).mean(1, keepdim=True); y = c / v", "x (N, C), m (N, 1)", RANDN,
     "dc = dy / v - 2 * c * (c / v**2 * dy).sum(1, keepdim=True) / c.shape[1]; dm = -dc.mean(1, keepdim=True)",
     "dc = dy / v - 2 * c * (c / v**2 * dy).sum(1, keepdim=True) / c.shape[1]; dm = -dc.sum(1, keepdim=True)", r"averages", r"The mean in `v"),
    ("y = x + b; loss = (y**2).mean()", "x (N), b (1)", RANDN, "dy = 2 * y / len(y); db = dy.mean(0, keepdim=True)",
     "dy = 2 * y / len(y); db = dy.sum(0, keepdim=True)", r"The mean in `loss = .*` is already inside", r"1/N"),
    # Constants.
    ("r = (a**2).sum(1).sqrt()", "a (N, C)", RANDN, "da = a / (2 * r[:, None]) * dr[:, None]", "da = a / r[:, None] * dr[:, None]",
     r"slope of a square is twice", r"does not belong"),
    ("y = 0.25 * q", "q (N)", RANDN, "dq = 4 * dy", "dq = 0.25 * dy", r"multiplies with `4`, where the forward multiplies with `0.25`", r"fraction"),
    # What is differentiated is handed 1: nothing from above lacks.
    ("y = 2 * x; loss = y.sum()", "x (N, C)", RANDN, "dy = torch.ones_like(y).long(); dx = 2 * dy", "dy = torch.ones_like(y); dx = 2 * dy",
     r"The numbers are right, and only of another kind", r"dloss|is missing"),
    ("m = x.sum(1)", "x (N, C)", RANDN, "dx = (2 * dm).expand(x.shape)", "dx = dm[:, None].expand(x.shape)", r"missing axis beforehand", r"axis first"),
    # Of several lines at once: the slip is told at the line that it belongs to, and a constant at the line that brings it in.
    ("s = x * g; a = torch.tanh(s)", "x (N, C), g (C)", RANDN, "ds = (1 - a**2) * da; dx = g * (1 - s**2) * da", "ds = (1 - a**2) * da; dx = g * ds",
     r"`s` is what goes into `torch\.tanh\(s\)`", r"another tensor|x\[\d"),
    ("u = x * a; v = x - b; y = 0.3 * v; loss = (u**2).sum() + (y**2).sum()", "x (N), a (N), b (N)", RANDN, "du = 2 * u; dx = a * du + 2 * y",
     "du = 2 * u; dx = a * du + 0.6 * y", r"^`y = 0\.3 \* v` multiplies by `0\.3`", r"^Look"),
    ("u = x - 1; v = x - u.mean(); loss = (u**2).sum() + 0.05 * (v**3).sum()", "x (N)", RANDN, "dx = 2 * u + 3 * (v**2 - (v**2).mean())",
     "dx = 2 * u + 0.15 * (v**2 - (v**2).mean())", r"`0\.05 \* \(v\*\*3\)\.sum\(\)` multiplies by `0\.05`", r"^Look"),
    # The bracket of a call, and a power with a learned exponent.
    ("y = torch.exp(x * a)", "x (N), a (N)", RANDN, "dx = torch.exp(x * a * a * dy)", "dx = torch.exp(x * a) * a * dy",
     r"the bracket of `exp` has to close behind `x \* a`", r"this is not how"),
    ("p = x**q", "x (N, C), q (N, 1)", RAND, "dx = q * p * dp", "dx = q * x**(q - 1) * dp", r"`p` is worth `x\*\*q`", r"not the derivative that belongs"),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=[row[3] for row in ROWS])
def test_words(row: tuple[str, ...], tmp_path: Path, zygote: Zygote) -> None:
    forward, shapes, inputs, answer, right, must, never = row
    report = check(*write(tmp_path, PAGE.format(forward, shapes, inputs, answer, right), answer), zygote)
    assert report.message is None, report.message
    found = [d for g in report.gradients for d in g.diagnoses]
    texts = [text for d in found for text in (d.error, d.note, d.help, d.evidence, d.fix) if text]
    assert any(re.search(must, text) for text in texts), texts
    assert not [text for text in texts if re.search(never, text)], texts
