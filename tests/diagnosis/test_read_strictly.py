"""What a strict reader found untrue or misleading, each on another graph than its own, with inputs of its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from climbing import ladder, taught_by
from pages import write

from backprop_check.flow import check
from backprop_check.report.carets import place_lines
from backprop_check.submission.zygote import Zygote

PAGE = "Forward: {}\nShapes: {}\nInputs: {}\nWrong: {}\nRight: {}\n"

# (forward, shapes, inputs, the answer, the right one, what must be said, what must never be said, nor stand in a fix)
ROWS = [
    # What a mask fills in is no constant that a gradient may be off by.
    ("q = x.clamp(max=float('inf')) + 2 * x", "x (N, C)", "torch.randn", "dx = x * dq", "dx = 3 * dq", r"`x`", r"by inf"),
    # Both branches of a `where` read the node.
    ("s = torch.where(m, a, c - a)", "a (N, C), c (N, C), m (N, C)", "torch.randn; m = torch.randn(N, C) > 0", "da = torch.where(m, ds, 0.0)",
     "da = torch.where(m, ds, -ds)", r"through the 2nd use in s: no", r"h[eo]lds? back|own mask|forward's mask|2 \*"),
    ("s = torch.where(m, a, c - a)", "a (N, C), c (N, C), m (N, C)", "torch.randn; m = torch.randn(N, C) > 0", "da = torch.where(m, -ds, ds)",
     "da = torch.where(m, ds, -ds)", r"belongs where `m` is true: exchange the two", r"taken away|opposite sign"),
    ("s = torch.where(m, a, c - a)", "a (N, C), c (N, C), m (N, C)", "torch.randn; m = torch.randn(N, C) > 0", "da = ds",
     "da = torch.where(m, ds, -ds)", r"^torch\.where\(m, ds, -ds\)$", r"2 \* torch"),
    # A count divides as any number does.
    ("z = e * m; loss = z.sum() / m.sum()", "e (N, C), m (N, C)", "torch.randn; m = torch.arange(N * C).reshape(N, C) % 2 == 0",
     "dz = torch.ones_like(z) / z.numel()", "dz = torch.ones_like(z) / m.sum()", r"divides by `m\.sum\(\)`, and the derivative does too",
     r"No plain number|other mistake|for 1\b"),
    # No line is offered that is right for these inputs alone: a matrix that is its own transpose, an exponent that is 3 today.
    ("u = S @ v; loss = (v * u).sum()", "S (K, K), v (K)", "torch.randn; S = torch.ones(K, K) + torch.eye(K)", "du = v; dv = u", "du = v; dv = u + S.T @ du",
     r"S\.T @ du", r"S @ du"),
    ("p = torch.sigmoid(z); w = (1 - p)**power", "z (N), power ()", "torch.randn; power = 3.0", "dp = -power * (1 - p)**power * dw",
     "dp = -power * (1 - p)**(power - 1) * dw", r"^-power \* \(1 - p\)\*\*\(power - 1\) \* dw$", r"\*\* ?2|from 2 to|slope"),
    ("u = S @ v; q = u * v", "S (K, K), v (K)", "torch.randn; S = torch.ones(K, K) + torch.eye(K)", "du = v * dq; dv = S.T @ du + 2 * u * dq",
     "du = v * dq; dv = S.T @ du + u * dq", r"`2` counts what comes back through q twice", r"- u \* dq|How often"),
    # Of a factor that is not differentiated the exponent stays.
    ("t = a**2 @ c**2", "a (N, K), c (K, M)", "torch.randn", "dc = 2 * c * (a.T @ dt)", "dc = 2 * c * ((a**2).T @ dt)",
     r"`a\*\*2` stands beside c .* put it in as it stands there", r"[Bb]ring the exponent down"),
    # What only moves numbers has no slope to multiply with.
    ("r = z.gather(1, order)", "z (N, T)", "torch.randn; order = torch.randn(N, T).argsort(1)", "dz = dr", "dz = torch.zeros_like(z).scatter_add(1, order, dr)",
     r"the numbers of z to other places|give numbers other places", r"multiply with that|the slope of each"),
    ("y = x * v.flip(0)", "x (N), v (N)", "torch.randn", "dv = x * dy", "dv = (x * dy).flip(0)",
     r"what `v\.flip\(0\)` moved is not brought back", r"multiply with that|the slope of each|derivative of the inside"),
    # Two vectors of one length.
    ("u = S @ v", "S (K, K), v (K)", "torch.randn", "dS = du * v", "dS = torch.outer(du, v)", r"`\*` multiplies two vectors place by place", r"must they meet"),
    ("u = S @ v", "S (K, K), v (K)", "torch.randn", "dS = torch.outer(v, du)", "dS = torch.outer(du, v)", r"numbers of one row of dS share", r"must they meet|under these"),
    ("g = r @ r.T", "r (N, K)", "torch.randn", "dr = 2 * dg @ r", "dr = dg @ r + dg.T @ r", r"When would these two be equal", r"meet there now"),
    # A minus stands between terms.
    ("u = c - m @ h; v = h.sum() + u", "h (K), m (N, K), c (N)", "torch.randn", "du = dv; dh = dv.sum().expand(h.shape[0])",
     "du = dv; dh = dv.sum() - m.T @ du", r" - m\.T @ d[uv]$", r"[@(] ?-d"),
    # Only the checker computes in float64; a length is a root.
    ("h = torch.relu(p @ W)", "p (N, K), W (K, M)", "torch.randn", "dW = p.T @ (h > 0).float() * dh", "dW = p.T @ ((h > 0) * dh)",
     r"`\*` cannot join them", r"two kinds|double"),
    ("n = a.norm(dim=1); y = n * w", "a (N, C), w (N)", "torch.randn", "dn = w * dy; da = 2 * a * dn[:, None]", "dn = w * dy; da = a * (dn / n)[:, None]",
     r"slope of the squares of `a`, summed, and .* is the root of that sum", r"factor `2`|another tensor"),
    # The forward's mask within its slope; a constant that the line has no place for; a minus that stands elsewhere.
    ("n = torch.log_softmax(z.masked_fill(k, -9.0), 1)", "z (N, C), k (N, C)", "torch.randn; k = torch.eye(N, C) == 1",
     "dz = (dn - torch.softmax(z, 1) * dn.sum(1, keepdim=True)) * ~k", "dz = (dn - torch.exp(n) * dn.sum(1, keepdim=True)) * ~k",
     r"`z` stands here as it is before the mask", r"The shape is right"),
    ("q = torch.sqrt(z**2 + 0.02)", "z (N, C)", "torch.randn", "dz = torch.sign(z) * dq", "dz = z / q * dq", r"as it stands, with the `0\.02` in it", r"wherever `z"),
    ("e = t - a @ v", "t (N), a (N, K), v (K)", "torch.randn", "dt = -de", "dt = de", r"No minus of .* turns the sign of t", r"Nothing in"),
    # A line copied from another one; slices and masks that torch does not join.
    ("a = torch.tanh(u); b = torch.tanh(w); y = a.sum(1) + b.sum(1)", "u (N, C), w (N, K)", "torch.randn",
     "da = torch.ones_like(a) * dy[:, None]; du = (1 - a**2) * da; db = torch.ones_like(b) * dy[:, None]; dw = (1 - a**2) * da",
     "da = torch.ones_like(a) * dy[:, None]; du = (1 - a**2) * da; db = torch.ones_like(b) * dy[:, None]; dw = (1 - b**2) * db",
     r"this is du, the gradient of u", r"the numbers are not compared"),
    ("u = x[1:] - x[:-1]; y = (u * u).sum(0) + x.sum(0)", "x (M, C)", "torch.randn", "du = 2 * u * dy; dx = dy.expand(x.shape) + du", "du = 2 * u * dy; dx = dy",
     r"reads `x\[1:\]` and `x\[:-1\]`: lay what comes back there into zeros", r"copied, joined"),
    ("p = torch.sigmoid(z)", "z (N), m (N)", "torch.randn; m = torch.arange(N) > 2", "dz = p - m", "dz = p * (1 - p) * dp", r"`-` takes no mask", r"Look at this part alone"),
    # A gradient that is gathered by slices.
    *(("u = x[2:] - x[:-2]; y = (u**2).sum(1) + (x**2).sum(1)[2:]", "x (M, C)", "torch.randn", f"du = 2 * u * dy[:, None]; {lines}",
       "du = 2 * u * dy[:, None]; dx = 2 * x * F.pad(dy, (2, 0))[:, None]; dx[2:] += du; dx[:-2] -= du", must, never)
      for lines, must, never in (
          ("dx = 2 * x * F.pad(dy, (2, 0))[:, None]; dx[2:] -= du; dx[:-2] += du", r"the signs of `dx\[2:\]` and `dx\[:-2\]` are exchanged", r"In one line"),
          ("dx = 2 * x * F.pad(dy, (2, 0))[:, None]; dx[2:] += du; dx[:-2] += du; dx[:1] -= 0 * du[:1]", r"the sign of this `\+=` is wrong", r"subtracted|Add;"),
          ("dx = 2 * x * F.pad(dy, (2, 0))[:, None]; dx[2:] += du; dx[2:] += 0", r"this follows line 7: dx\[:-2\] -= du", r"In one line"),
          ("dx = torch.zeros_like(x); dx[2:] += du; dx[:-2] -= du", r"\^{19}", r"\^ *$^"),
      )),
]  # fmt: skip


@pytest.mark.table
@pytest.mark.parametrize("row", ROWS, ids=[row[3] for row in ROWS])
def test_what_is_said_is_true_here(row: tuple[str, ...], tmp_path: Path, zygote: Zygote) -> None:
    forward, shapes, inputs, answer, right, must, never = row
    report = check(*write(tmp_path, PAGE.format(forward, shapes, inputs, answer, right), answer), zygote)
    assert report.message is None, report.message
    wrong = [g for g in report.gradients if g.diagnoses]
    assert wrong, "nothing is wrong"
    texts = [text for g in wrong for d in g.diagnoses for text in (d.error, d.note, d.help, d.evidence, d.fix) if text]
    texts += [line.plain for g in wrong for line in (place_lines(list(g.diagnoses), g.line, report.submission, 110) if g.line else [])]
    texts += [" ".join(hint.split()) for g, taught in taught_by(report, *wrong) for hint in ladder(report, g, taught)[1:]]
    assert any(re.search(must, text) for text in texts), texts
    assert not [text for text in texts if re.search(never, text)], texts
