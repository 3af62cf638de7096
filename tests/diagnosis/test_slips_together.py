"""Two or three slips in one line (`benchmarks/slips.py`): no coincidence of theirs is told as a cause, and no fix rests on one.

Each kind that was found stands here once, on another graph than it was found on.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pages import write

from backprop_check.flow import check
from backprop_check.submission.zygote import Zygote

PAGE = "Forward: {}\nShapes: {}\nInputs: {}\nWrong: {}\nRight: {}\n"
LAYER = "h = x @ W; y = torch.tanh(h)", "x (N, K), W (K, C)", "torch.randn"
LAST = "y = x @ W; loss = y.sum()", "x (N, K), W (K, C)", "torch.randn"
TIMES = "y = x * g", "x (N, C), g (C,)", "torch.randn"

# (graph, the answer, the right one, what must be said, or "", what must never be said nor stand in a fix)
ROWS = [
    # Two numbers too many are no sign that is turned, though with one turned they take each other away.
    (LAYER, "dh = (1 - y**2) * dy + 0.01 + 0.01", "dh = (1 - y**2) * dy", r"`0\.01` and `0\.01` do not belong here", r"opposite sign"),
    # Where only the shape counts, any brackets would be right; beside ones and numbers, any number is what lacks to the right one.
    (LAST, "dy = torch.ones_like(y) * (1 + 0.1) + 0.3", "dy = torch.ones_like(y)", "", r"brackets|that belongs here"),
    (LAST, "dy = -torch.ones_like(y) + 0.25", "dy = torch.ones_like(y)", "", r"that belongs here"),
    (LAYER, "dh = 1 * dy * (1 + 1e-6)", "dh = dy * (1 - y**2)", "", r"`1e-06` is not"),
    (LAST, "dy = 2 ** torch.ones_like(y)", "dy = torch.ones_like(y)", r"multiplied by 1/2", r"zeros_like|wrong start"),
    # A gradient that is written further down and that this one does not need: nothing is to be moved.
    (LAYER, "dW = x.T @ dx; dh = (1 - y**2) * dy; dx = dh @ W.T", "dh = (1 - y**2) * dy; dx = dh @ W.T; dW = x.T @ dh",
     r"dW is made without `dx`: what comes back to W is in `dh`\.", r"Move this line"),
    (LAYER, "dW = x.T @ dh; dh = (1 - y**2) * dy", "dh = (1 - y**2) * dy; dW = x.T @ dh", r"Move this line below", r"made without"),
    # What a fix brings in, it does not take away again.
    (("p = t[i]; e = u - p; y = e**2", "t (N, C), i (M) of N, u (M, C)", "torch.randn"), "de = 2 * e * dy; dp = -de; dt = -t.index_add(0, i, de)",
     "de = 2 * e * dy; dp = -de; dt = torch.zeros_like(t).index_add(0, i, dp)", r"zeros_like", r"t - t\.index_add"),
    (("y = x**2; loss = y.sum()", "x (N,)", "torch.randn"), "dx = (-2 * x).sum(0, keepdim=True) * (1 + 1e-3)", "dx = 2 * x", r"^2 \* x$", r"1 \+ 1"),
    (("u = x @ U; v = x @ V; y = u * v", "x (N, K), U (K, C), V (K, C)", "torch.randn"), "du = v * dy; dv = u * dy; dx = -(du @ U.T + dv @ V)",
     "du = v * dy; dv = u * dy; dx = du @ U.T + dv @ V.T", r"^d[uv] @ [UV]\.T \+ d", r"- -"),
    (("y = p @ v", "p (B, N, K), v (B, K, M)", "torch.randn"), "dv = -(p.transpose(-2, -1).T @ dy) + 0.01", "dv = p.mT @ dy", r"^p\.mT @ dy$", r"-\(-"),
    (LAYER, "dh = ((1 - y**2) * dy).T + 0.01 + 0.01", "dh = (1 - y**2) * dy", r"`0\.01` and `0\.01` do not belong here", r"opposite sign|- 0\.01"),
    (("y = x * g", "x (N, C)", "torch.randn; g = torch.rand(()) + 0.5"), "dx = dy * 0", "dx = g * dy", r"^g \* dy$", r"y / x"),
    # Two mistakes are told of the line that is there, not of one which it would have to be given axes for.
    (("y = a * b", "a (N,), b (N,)", "torch.randn"), "da = dy[None].T", "da = b * dy", r"Leave the `\[None\]` out", r"builds a table|squeeze"),
    (TIMES, "dx = (g * dy)[None].T", "dx = g * dy", r"Leave the `\[None\]` out", r"squeeze|Turn the result over"),
    (("z = x @ W; y = z / t", "x (N, K), W (K, C), t (C,)", "torch.rand + 0.5"), "dz = dy / t; dx = (dy @ W.T) ** (-1)", "dz = dy / t; dx = dz @ W.T",
     r"^`dy @ W\.T` does not stand to the right power", r"for `dy @ W\.T`, `dy @ W\.T"),
    # Ones that a quotient of a gradient by itself makes are worth any other ones.
    (("y = x / s", "x (N, C), s (C,)", "torch.rand + 0.5"), "ds = -(x * dy).sum(0) / s**2; dx = (dy / ds) ** 2", "ds = -(x * dy).sum(0) / s**2; dx = dy / s",
     r"worth `s`", r"another tensor belongs"),
    # A slip that makes a term zero everywhere is none that stands in the line: the term is not there.
    (("n = x.abs() < 0.9; a = x**2 / 2; b = x.abs(); y = torch.where(n, a, b)", "x (N, C)", "torch.randn"),
     "da = torch.where(n, dy, 0); db = torch.where(n, 0, dy); dx = a * da", "da = torch.where(n, dy, 0); db = torch.where(n, 0, dy); dx = x * da + torch.sign(x) * db",
     r"db", r"comes back through `b = x\.abs\(\)`; another"),
    (LAYER, "dh = ((1 - y**2) * dy + 1e-4) ** 2", "dh = (1 - y**2) * dy", r"^\(1 - y\*\*2\) \* dy$", r"0001\*\*2|raises the whole|brackets"),
    # What the answer is worth is said of the answer as it is, or as it would be.
    (("y = F.linear(x, W)", "x (N, K), W (C, K)", "torch.randn"), "dW = -x", "dW = dy.T @ x", r"^with the second mistake put right, this is `x`", r"^this is `x`"),
    # A last step, or a layout, that is one too many is told with the mistake beside it.
    (TIMES, "dx = (g * dy / 2)[None]", "dx = g * dy", r"`/ 2` does not belong here", r"[Cc]ompared"),
    (TIMES, "dx = (g * dy).flatten() + 0.01", "dx = g * dy", r"laid out|View it in the shape of x", r"[Cc]ompared"),
    (TIMES, "dg = (x * dy).sum(0) ** 2 * (1 + 1e-6)", "dg = (x * dy).sum(0)", r"`\(x \* dy\)\.sum\(0\)` does not stand to the right power", r"[Cc]ompared"),
    (LAYER, "dh = (1 - y**2) / dy + 0.01", "dh = (1 - y**2) * dy", r"this divides by `dy`", r"[Cc]ompared"),
    (LAYER, "dh = (1 - y**2) * dy; dx = (2 * (dh @ W.T)).flip(0)", "dh = (1 - y**2) * dy; dx = dh @ W.T", r"`flip` moves", r"[Cc]ompared"),
    # An axis is given, or dropped, where it is, and not by a reduction that does neither.
    (("m = x.sum(1, keepdim=True); y = x - m", "x (N, C)", "torch.randn"), "dm = -dy.sum(1, keepdim=True)[None]; dx = dy + torch.ones_like(x) * dm",
     "dm = -dy.sum(1, keepdim=True); dx = dy + torch.ones_like(x) * dm", r"Leave the `\[None\]` out", r"without `keepdim`"),
    (("m = x.sum(1, keepdim=True); y = x - m", "x (N, C)", "torch.randn"), "dm = (-dy.sum(1, keepdim=True)).flatten(); dx = dy + torch.ones_like(x) * dm",
     "dm = -dy.sum(1, keepdim=True); dx = dy + torch.ones_like(x) * dm", r"\.unsqueeze\(1\)", r"drops the axis"),
    # What was asked for: axes are no lengths, and a number has no `.T`.
    (("e = t[i]", "t (N, C), i (M) of N", "torch.randn"), "dt = torch.zeros_like(t).index_add(0, i, de.flatten(1, 0))", "dt = torch.zeros_like(t).index_add(0, i, de)",
     r"ends before it begins.*", r"cannot fill"),
    (("loss = -torch.log(q).mean()", "q (N,)", "torch.rand + 0.5"), "dq = -(1).T", "dq = -1 / q / q.numel()", r"Only a tensor has `T`", r"in the place of the dot"),
    (("z = x[:, 2:] + b", "x (N, T, C), b (C,)", "torch.randn"), "db = dz[None]", "db = dz.sum((0, 1))", r"yours has 1·N·\(T-2\)", r"·T-2"),
]  # fmt: skip


@pytest.mark.table
@pytest.mark.parametrize("row", ROWS, ids=[row[1] for row in ROWS])
def test_no_coincidence_is_told(row: tuple[tuple[str, str, str], str, str, str, str], tmp_path: Path, zygote: Zygote) -> None:
    (forward, shapes, inputs), answer, right, must, never = row
    report = check(*write(tmp_path, PAGE.format(forward, shapes, inputs, answer, right), answer), zygote)
    assert report.message is None, report.message
    wrong = [g for g in report.gradients if g.diagnoses]
    assert wrong, "nothing is wrong"
    texts = [text for g in wrong for d in g.diagnoses for text in (d.error, d.note, d.help, d.evidence, d.fix) if text]
    assert any(re.search(must, text) for text in texts), texts
    assert not [text for text in texts if re.search(never, text)], texts
