"""Where two stories are proven of an answer, the one that a teacher would tell: what must be said, and what must never be, hints included."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from claimed import assert_claims_hold
from climbing import ladder, taught_by
from pages import write

from backprop_check.flow import check
from backprop_check.report.carets import place_lines
from backprop_check.submission.zygote import Zygote

PAGE = "Forward: {}\nShapes: {}\nInputs: {}\nWrong: {}\nRight: {}\n"
RAND, RANDN = "torch.rand + 0.5", "torch.randn"
LATER = "torch.ones_like(s).triu(1).bool()"
CAUSAL = f"y = s.masked_fill({LATER}, -torch.inf)"

# (forward, shapes, how inputs are drawn, the answer, the right one, its codes, what must be said, what must never be said)
ROWS = [
    # An operand that torch lays along the last axes: in a table of differences that is the same as two claims about the whole.
    ("gap = a.unsqueeze(0) - a.unsqueeze(1); acc = (gap * pull.unsqueeze(2)).sum(1)", "a (N, C), pull (N, N)", RANDN, "dpull = (gap * dacc).sum(2)",
     "dpull = (gap * dacc.unsqueeze(1)).sum(2)", "wrong-axis", r"`dacc` lies along the wrong axis.*axes of `dacc` under those", r"minus|turned over"),
    ("acc = (gap * pull.unsqueeze(2)).sum(1)", "gap (N, N, C), pull (N, N)", RANDN, "dpull = (gap * dacc[None]).sum(2)",
     "dpull = (gap * dacc.unsqueeze(1)).sum(2)", "wrong-axis", r"lays `dacc` along axes 1 and 2, and `dacc` belongs along axes 0 and 2", r"a change here"),
    # Dividing by n for n - 1 is one mistake.
    ("za = (a - a.mean(0)) / a.std(0)", "a (N, C)", RANDN, "da = (dza - dza.mean(0) - za * (za * dza).mean(0)) / a.std(0)",
     "da = (dza - dza.mean(0) - za * (za * dza).sum(0) / (a.shape[0] - 1)) / a.std(0)", "wrong-scale",
     r"`mean` divides by n here, where `a\.std\(0\)` divides by n - 1", r"lacks the factor|undivided"),
    # The number itself is the fault, but for its minus.
    ("e = r - p; loss = (e**2).mean()", "r (N), p (N)", RANDN, "dp = -2 * de", "de = 2 * e / e.numel(); dp = -de", "wrong-scale",
     r"slope of a square is twice.*In de it is counted already\..*Count it once: leave it out here\. Keep the minus", r"what else multiplies"),
    # No number that the forward does not have, to make two mistakes of two others.
    ("k = torch.softmax(l, 1); o = k * w", "l (N, C), w (N, C)", RANDN, "dl = k * dk * (1 - dk)", "dk = w * do; dl = k * (dk - (k * dk).sum(1, keepdim=True))",
     "wrong-operand diagonal-jacobian", r"`dk` stands where another tensor belongs.*moved by more than its own", r"lacks the factor|factor too many"),
    # What arrives from above, written out and put in places beside its own, is not missing.
    ("gap = torch.diagonal(c) - 1; off = c - torch.diag(torch.diagonal(c)); loss = gap.pow(2).sum() + 0.1 * off.pow(2).sum()", "c (N, N)", RANDN,
     "dc = 2 * c - 2 + doff", "doff = 0.2 * off; dgap = 2 * gap; dc = torch.diag(dgap) + doff", "unrecognised",
     r"numbers are right", r"does not come into this|is worth `dgap`"),
    # One sign before a function that undoes another; what is no sign stays what it is.
    ("z = v.log()", "v (N, C)", RAND, "dv = torch.exp(z) * dz", "dv = dz / v", "wrong-local-derivative",
     r"this multiplies with `torch\.exp\(z\)`, where the derivative divides", r"undoes"),
    ("z = v.log()", "v (N, C)", RAND, "dv = torch.exp(v) * dz", "dv = dz / v", "wrong-local-derivative", r"exp undoes log", r"divides"),
    ("z = v.sqrt()", "v (N, C)", RAND, "dv = dz * 2 * z", "dv = dz / (2 * z)", "wrong-local-derivative",
     r"this multiplies with `2 \* z`, where the derivative divides", r"is missing"),
    # A factor before the stroke of a fraction is a factor too many as well.
    ("z = torch.log(v)", "v (N)", RAND, "dv = z / v * dz", "dv = dz / v", "wrong-local-derivative", r"`z` is a factor too many", r"another tensor"),
    ("z = torch.log(v)", "v (N)", RAND, "dv = dz * (z / v)", "dv = dz / v", "wrong-local-derivative", r"`z` is a factor too many", r"another tensor"),
    # A power, however it is written.
    ("s = u @ v; loss = s.square()", "u (N), v (N)", RANDN, "dv = 2 * s.square() * u", "dv = 2 * s * u", "wrong-power",
     r"`s` does not stand to the right power", r"does not belong"),
    ("q = v / s; loss = q.square().sum()", "v (N, C), s (N, 1)", RAND, "dq = q.pow(3)", "dq = 2 * q", "wrong-power wrong-scale",
     r"`q` does not stand to the right power", r"`2 \* q` does not stand"),
    # What does not fit and does not belong.
    ("y = x @ W + b", "x (B, T, K), W (K, C), b (C)", RANDN, "dx = dy @ W.T + b", "dx = dy @ W.T", "shape-error",
     r"`b` does not belong here, nor does it fit.*one term for each.*For which operation of the forward does `b` stand", r"they meet on C\."),
    ("y = x @ W", "x (N, K), W (K, C)", RANDN, "dx = dy @ W.T * dy", "dx = dy @ W.T", "shape-error",
     r"`dy` does not belong here.*one factor for each", r"they meet on C\."),
    # The line of the help is the line of the last hint.
    ("m = a.amin(1, keepdim=True)", "a (N, C)", RANDN, "da = torch.zeros_like(a).scatter(1, a.argmin(1), dm)",
     "da = (a == m) * dm", "shape-error", r"da = torch\.zeros_like\(a\)\.scatter\(1, a\.argmin\(1\)\.unsqueeze\(1\), dm\)", r"da = F\.one_hot"),
    ("m = a.amin(1, keepdim=True)", "a (N, C)", RANDN, "da = torch.zeros_like(a); da[:, a.argmin(1)] = dm",
     "da = (a == m) * dm", "ignored-index", r"line 5 reads:\s+da\[range\(a\.shape\[0\]\), a\.argmin\(1\)\] = dm\.squeeze\(1\)", r"^$"),
    # Three axes.
    ("y = x @ W", "x (B, T, K), W (K, C)", RANDN, "dW = x.T @ dy", "dW = (x.mT @ dy).sum(0)", "reversed-axes",
     r"`\.T` reverses all 3 axes of `x`.*add up what is left in front: `\.sum\(0\)`", r"cannot join"),
    ("s = q @ p", "q (B, T, K), p (B, K, C)", RANDN, "dp = q.view(q.shape[0], q.shape[2], q.shape[1]) @ ds", "dp = q.mT @ ds",
     "scrambled-reshape", r"`view` gives these numbers another shape, and turns nothing.*Exchange the axes of `q` in place of the `view`: `q\.mT`", r"a change here"),
    ("p = x.transpose(1, 2); y = torch.sin(p)", "x (B, T, K, C)", RANDN, "dx = torch.cos(x) * dy.reshape(x.shape)",
     "dx = torch.cos(x) * dy.transpose(1, 2)", "scrambled-reshape", r"`dy\.transpose\(1, 2\)`", r"a change here"),
    # The function of what goes in, which changes less of the line than the result alone.
    ("h = torch.tanh(v)", "v (N, C)", RANDN, "dv = (1 - torch.tanh(h)**2) * dh", "dv = (1 - h**2) * dh", "applied-twice",
     r"as it is, or take tanh of `v`, as the forward does.*dv = \(1 - torch\.tanh\(v\)\*\*2\) \* dh", r"^$"),
    # The line with the missing factor in its place.
    ("u = sq.sum(0, keepdim=True) / 2; r = (u + 1e-5)**-0.5; xh = d * r", "sq (N, C), d (N, C)", RAND,
     "dsq = torch.ones_like(sq) / 2 * (d * dxh).sum(0, keepdim=True)", "dr = (d * dxh).sum(0, keepdim=True); dsq = torch.ones_like(sq) / 2 * -0.5 * r**3 * dr",
     "missing-local-derivative", r"derivative of `\(u \+ 1e-5\)\*\*-0\.5` by u is missing.*dsq = [^;]*\(d \* dxh\)\.sum\(0, keepdim=True\)[^;]* r\*\*3", r"^$"),
    # No constants where there are none, a mask in the learner's own words, a one that the learner writes.
    ("c = (a * b).sum(1); loss = c.sum()", "a (N, C), b (C)", RANDN, "da = b.expand(a.shape[0], -1) / a.shape[0]", "da = b.expand(a.shape[0], -1)",
     "wrong-scale", r"`/ a\.shape\[0\]` does not belong here", r"[Ee]ach constant"),
    ("m = a.amin(1, keepdim=True)", "a (N, C)", RANDN, "da = (0 <= a) * dm", "da = (a == m) * dm", "wrong-mask", r"passes it where `0 <= a`", r"`a > 0`"),
    ("q = v**-2", "v (N)", RAND, "dv = 1 * -2 * v**-1 * dq", "dv = -2 * v**-3 * dq", "wrong-power", r"dv = 1 \* -2 \* v\*\*-3 \* dq", r"^$"),
    ("q = v**-1.5", "v (N)", RAND, "dv = -1.5 * v**-0.5 * dq", "dv = -1.5 * v**-2.5 * dq", "wrong-power", r"dv = -1\.5 \* v\*\*-2\.5 \* dq", r"other mistake"),
    ("q = v**-4", "v (N)", RAND, "dv = -4 * dq / v**3", "dv = -4 * dq / v**5", "wrong-power", r"dv = -4 \* dq / v\*\*5", r"other mistake"),
    # A square that is written as a product, and a number that the forward divides by.
    ("s = w * w; n = w * r; y = s + n", "w (N, C), r (N, C)", RANDN, "dw = r * dn + w * ds", "ds = dy; dn = dy; dw = r * dn + 2 * w * ds", "wrong-scale",
     r"`w \* ds` lacks the factor 2.*`w \* w` is a square, and the slope of a square is twice", r"has as an exponent"),
    ("q = u / 4", "u (N, C)", RANDN, "du = dq * 4", "du = dq / 4", "wrong-scale", r"this multiplies with `4`, where the derivative divides by it", r"side of the fraction"),
    # The learner's order stays where one sign is turned, and what only gave an axis goes.
    ("e = torch.exp(-v); p = u * v; y = e + 2 * p", "u (N), v (N)", RANDN, "de = dy; dp = 2 * dy; dv = e * de + u * dp", "dv = -e * de + u * dp", "wrong-sign",
     r"dv = -e \* de \+ u \* dp", r"u \* dp - e"),
    ("m = x.amax(1)", "x (N, C)", RANDN, "dx = torch.zeros_like(x); dx[:, x.argmax(1)] = dm[:, None]", "dx = (x == m[:, None]) * dm[:, None]",
     "ignored-index", r"dx\[range\(x\.shape\[0\]\), x\.argmax\(1\)\] = dm\b", r"None\]\.squeeze"),
    # Plain words: where another gradient arrives, and what rises by how much.
    ("z = x @ W; h = torch.tanh(z); y = h * 2", "x (N, K), W (K, C)", RANDN, "dz = ...; dh = ...; dW = x.T @ dh", "dh = 2 * dy; dz = (1 - h**2) * dh; dW = x.T @ dz",
     "missing-local-derivative wrong-operand", r"the rest of the line leads back from z, where `dz` arrives", r"the rest of this"),
    ("y = x @ W + b", "x (N, K), W (K, C), b (C)", RANDN, "db = dy.sum(1)", "db = dy.sum(0)", "wrong-axis",
     r"When `b` rises by 1, by how much does `x @ W \+ b` rise\?", r"the sum rise"),
    # The last two axes, a mask as a factor, the letters of an einsum.
    ("s = q @ k.mT", "q (B, T, C), k (B, T, C)", RANDN, "dk = q.transpose(1, 2) @ ds", "dk = ds.mT @ q", "transposed",
     r"`\.mT` does.*dk = \(q\.transpose\(1, 2\) @ ds\)\.mT", r"permute"),
    ("m = torch.where(a < b, a, b)", "a (N, C), b (N, C)", RANDN, "db = dm", "db = (a >= b) * dm", "missing-mask", r"db = dm \* \(a >= b\)", r"^$"),
    ("s = q @ k.mT", "q (B, T, C), k (B, T, C)", RANDN, "dk = torch.einsum('bts,bsc->btc', ds, q)", "dk = ds.mT @ q", "missing-transpose",
     r"other axes of `ds` meet here than should.*dk = torch\.einsum\('bst,bsc->btc', ds, q\)", r"`@` sums"),
    ("s = q @ k.mT", "q (B, T, C), k (B, T, C)", RANDN, "dk = torch.einsum('bst,bsc->bct', ds, q)", "dk = ds.mT @ q", "transposed",
     r"Exchange the letters of the result: `->btc`", r"permute"),
    # One reduction where two axes are to go, ones whose sign alone is wrong, and `expand`, which reshapes nothing.
    ("y = z * g", "z (B, C, T), g (C, 1)", RANDN, "dg = (z * dy).sum(2)", "dg = (z * dy).sum((0, 2))[:, None]", "missing-sum",
     r"Sum over axis 0 \(B\) as well, and keep what is summed with length 1", r"other mistake"),
    ("loss = -(q + r).mean()", "q (N), r (N)", RANDN, "dq = torch.ones_like(q) / len(q)", "dq = -torch.ones_like(q) / len(q)", "wrong-sign",
     r"dq = -torch\.ones_like\(q\) / len\(q\)", r"q \+ r\)\.numel"),
    ("y = k.sum(1)", "k (B, C, T)", RANDN, "dk = dy.unsqueeze(2).expand_as(k)", "dk = dy.unsqueeze(1).expand_as(k)", "bad-reshape",
     r"`expand` copies: along axes of length 1", r"A reshape keeps every number"),
    ("p = torch.softmax(z, 1); loss = (p * p).sum() / z.shape[0]", "z (N, C)", RANDN, "dp = 2 * p / z.shape[0]; dz = p * (1 - p) * dp",
     "dz = p * (dp - (p * dp).sum(1, keepdim=True))", "diagonal-jacobian", r"Which numbers of p does z\[\d, \d\] move", r"^$"),
    # A module that is not imported.
    ("y = a * b", "a (N, C), b (N, C)", RANDN, "da = np.multiply(b, dy) + nn.b", "da = b * dy", "undefined-name",
     r"Which line at the top of the file would say what `\w+` is\?.*and what the file imports", r"Which of them do you mean"),
    # What one change puts right is no two mistakes: a function, a name, base and exponent, an exponent without what it raises.
    ("h = o * torch.tanh(c)", "o (N, C), c (N, C)", RANDN, "dc = o * (1 - torch.sigmoid(c)**2) * dh", "dc = o * (1 - torch.tanh(c)**2) * dh",
     "wrong-local-derivative", r"`torch\.sigmoid\(c\)` is another function than", r"other mistake"),
    ("h = torch.tanh(x)", "x (N, C)", RANDN, "dx = (1 - 2**h) * dh", "dx = (1 - h**2) * dh", "wrong-power", r"the other way round it is right", r"other mistake"),
    ("h = torch.tanh(x @ W); k = torch.tanh(h @ W)", "x (N, K), W (K, K)", RANDN,
     "dh = ((1 - k**2) * dk) @ W.T; dW = x.T @ ((1 - 2) * dh) + h.T @ ((1 - k**2) * dk)",
     "dh = ((1 - k**2) * dk) @ W.T; dW = x.T @ ((1 - h**2) * dh) + h.T @ ((1 - k**2) * dk)", "wrong-power",
     r"`2` is an exponent, and what it raises is missing", r"other mistake"),
    ("a = r**2 / 2; b = r.abs(); y = torch.where(r.abs() < 1, a, b)", "r (N, C)", RANDN,
     "da = torch.where(r.abs() < 1, dy, 0); db = torch.where(r.abs() < 1, 0, dy); dr = r * da + r * db", "dr = r * da + torch.sign(r) * db",
     "wrong-local-derivative", r"`r` is not the derivative that belongs here", r"other mistake"),
    ("a = r**2 / 2; b = r.abs(); y = torch.where(r.abs() < 1, a, b)", "r (N, C)", RANDN,
     "da = torch.where(r.abs() < 1, dy, 0); db = torch.where(r.abs() < 1, 0, dy); dr = r * da + torch.sign(r) * da", "dr = r * da + torch.sign(r) * db",
     "wrong-operand", r"`da` stands where another tensor belongs", r"too few places"),
    # A name that mends only by an identity of this graph is none that was confused: a factor is missing.
    ("u = torch.sigmoid(z); h = (1 - u) * n + u * p", "z (N, C), n (N, C), p (N, C)", RANDN, "dz = (p - n) * dh * (1 - u)",
     "du = (p - n) * dh; dz = du * u * (1 - u)", "wrong-local-derivative", r"a factor of the derivative is missing", r"stands where another tensor"),
    # Zeros are no step's share, nothing is far from an infinity, and a gradient of one number everywhere makes no quotient a constant.
    (CAUSAL, "s (B, T, T)", RANDN, f"dm = dy; ds = dm.masked_fill({LATER}, 0) * 0", f"ds = dy.masked_fill({LATER}, 0)", "wrong-scale",
     r"times 0 leaves nothing", r"through"),
    (f"{CAUSAL.replace('y', 'm')}; p = torch.softmax(m, 2); y = p @ v", "s (B, T, T), v (B, T, C)", RANDN, "dv = p.mT", "dv = p.mT @ dy",
     "missing-upstream", r"dy is missing", r"this is m"),
    ("b = 3 * a; loss = 2 * b.sum()", "a (N)", RANDN, "db = 2 * torch.ones_like(b); da = 3 / db", "db = 2 * torch.ones_like(b); da = 3 * db",
     "wrong-local-derivative", r"divides by `db`, where the derivative multiplies", r"multiplied by 4"),
    # An axis that is not there, and `.T` of three axes.
    ("m = x.mean(1, keepdim=True); d = x - m", "x (N, C)", RANDN, "dm = -dd.sum(1, keepdim=True); dx = dd + dm / x.shape[2]",
     "dm = -dd.sum(1, keepdim=True); dx = dd + dm / x.shape[1]", "wrong-axis", r"`x` has no axis 2: it is \(N, C\)", r"missing from"),
    ("m = x.mean(1); y = x * m.unsqueeze(1).exp()", "x (N, C)", RANDN,
     "dm = (x * dy).sum(1) * m.exp(); dx = dy * m.unsqueeze(1).exp() + dm.unsqueeze(1) / m.shape[1]",
     "dm = (x * dy).sum(1) * m.exp(); dx = dy * m.unsqueeze(1).exp() + dm.unsqueeze(1) / x.shape[1]",
     "wrong-operand", r"`m` has no axis 1: it is \(N,\)", r"tuple index out of range\.? *help: Look"),
    ("y = w.T @ c", "c (N, K, C), w (K, M)", RANDN, "dc = (w @ dy).T", "dc = w @ dy", "wrong-permutation", r"axes stand in another order", r"has to be turned"),
    ("y = c + b", "c (N, K, T), b (K, 1)", RANDN, "db = dy.sum(1).unsqueeze(1)", "db = dy.sum((0, 2)).unsqueeze(1)", "missing-sum wrong-axis", r"axis", r"serve several results"),
    # A use left out, where what is left has another shape.
    ("m = x.mean(0); d = x - m; loss = (d**3).sum() + m.exp().sum()", "x (N, C)", RANDN, "dd = 3 * d**2; dm = m.exp() - dd.sum(0); dx = dm / x.shape[0]",
     "dd = 3 * d**2; dm = m.exp() - dd.sum(0); dx = dd + dm / x.shape[0]", "missing-branch", r"nothing comes back through d", r"is not the identity"),
    # What torch refuses for a missing argument takes no shape; a part that has no value is told as that.
    (CAUSAL, "s (B, T, T)", RANDN, f"ds = dy.masked_fill({LATER})", f"ds = dy.masked_fill({LATER}, 0)", "wrong-call", r"nothing stands for `value`", r"takes a shape"),
    ("p = (1 + torch.erf(v / 2**0.5)) / 2; y = v * p", "v (N, C)", RANDN, "dp = v * dy; dv = p * dy + torch.log(-v**2 / 2) / 6.28**0.5 * dp",
     "dp = v * dy; dv = p * dy + torch.exp(-v**2 / 2) / (2 * torch.pi)**0.5 * dp", "not-finite", r"`torch\.log\(-v\*\*2 / 2\)` is not finite", r"not how v moves"),
]  # fmt: skip


def told(files: tuple[Path, Path], zygote: Zygote) -> tuple[list[str], str]:
    """The codes of what is said of the only wrong answer, and all that is said of it, hints included."""
    report = check(*files, zygote)
    assert report.message is None
    (gradient,) = [g for g in report.gradients if g.diagnoses]
    assert_claims_hold(report, *files)
    ((_, taught),) = taught_by(report, gradient)
    said = [f"{d.error}. {d.note} {d.help}" for d in gradient.diagnoses]
    return [d.code for d in gradient.diagnoses], re.sub(r"\s+", " ", "\n".join([*said, *ladder(report, gradient, taught)]))


@pytest.mark.table
@pytest.mark.parametrize(("forward", "shapes", "inputs", "wrong", "right", "codes", "pattern", "never"), ROWS, ids=[row[3] for row in ROWS])
def test_the_simpler_story_is_told(
    forward: str, shapes: str, inputs: str, wrong: str, right: str, codes: str, pattern: str, never: str, tmp_path: Path, zygote: Zygote
) -> None:
    found, said = told(write(tmp_path, PAGE.format(forward, shapes, inputs, wrong, right), wrong), zygote)
    assert found == codes.split()
    assert re.search(pattern, said), said
    assert never == "^$" or not re.search(never, said), said


TABLE = ("e = E[X]", "E (M, K), X (N) of M", "dE = torch.zeros_like(E).index_add(0, X, de)")
PRODUCT = ("y = x @ W", "x (N, K), W (K, C)", "dW = x.T @ dy")
LOOPS = [
    # The row that an index names.
    (TABLE, ["dE = torch.zeros_like(E)", "for n in range(len(X)):", "    dE[n] += de[n]"], "wrong-slice", "dE[n]", r"dE\[X\[n\]\] \+= de\[n\]"),
    # A window that does not move on.
    (("y = F.conv1d(x, w)", "x (B, K, T), w (C, K, 3)", "dw = torch.zeros_like(w)"),
     ["dw = torch.zeros_like(w)", "for i in range(3):", "    dw[:, :, i] = torch.einsum('nkl,ncl->kc', dy, x[:, :, :dy.shape[2]])"],
     "wrong-slice", "x[:, :, :dy.shape[2]]", r"x\[:, :, i:i \+ dy\.shape\[2\]\]"),
    # Of a loop the caret is under the line that writes, and nothing within it has another.
    (TABLE, ["dE = torch.zeros_like(E)", "for n in range(len(X)):", "    dE[X[n]] += torch.sin(de[n]) * e[n].exp()"], "unrecognised",
     "dE[X[n]] += torch.sin(de[n]) * e[n].exp()", r"the shape is right, the numbers are not"),
    # A place that would be right by chance shows nothing of exchanged indices.
    (PRODUCT, ["dW = torch.zeros_like(W)", "for n in range(x.shape[0]):", "    for c in range(W.shape[1]):", "        dW[:, c] += x[n] * dy[c, n]"],
     "wrong-slice", "dy[c, n]", r"The forward carries W\[(\d), (\d)\] to y\[(?!\2, )\d, \2\]"),
    (("y = x * s", "x (N, C), s (N, C)", "dx = s * dy"), ["dx = torch.zeros_like(x)", "for n in range(x.shape[0]):",
     "    for c in range(x.shape[1]):", "        dx[n, c] = s[n, c] * dy[c, n]"], "wrong-slice", "dy[c, n]", r"The forward carries x\[(\d), (?!\1\])\d\]"),
]  # fmt: skip


@pytest.mark.parametrize(("graph", "lines", "code", "marked", "pattern"), LOOPS, ids=[row[1][-1].strip() for row in LOOPS])
def test_of_a_loop(
    graph: tuple[str, str, str], lines: list[str], code: str, marked: str, pattern: str, tmp_path: Path, zygote: Zygote
) -> None:
    forward, shapes, right = graph
    files = write(tmp_path, PAGE.format(forward, shapes, RANDN, right, right), right)
    head = [line for line in files[1].read_text().split("\n") if line[:1].strip()]
    files[1].write_text("\n".join([*head, *(f"    {line}" for line in lines), ""]))
    report = check(*files, zygote)
    (gradient,) = [g for g in report.gradients if g.diagnoses]
    (told_,) = gradient.diagnoses
    assert told_.code == code
    assert told_.span is not None and report.submission is not None
    line, start, end_line, end = told_.span
    assert line == end_line and report.submission.lines[line - 1][start:end] == marked
    assert sum("^" in row.plain for row in place_lines(gradient.diagnoses, gradient.line, report.submission, 100)) == 1
    said = told(files, zygote)[1]
    assert re.search(pattern, said), said


def test_no_caret_within_another(tmp_path: Path, zygote: Zygote) -> None:
    wrong, right = "dx = torch.cos(dy * 3).exp() @ W.T", "dx = dy @ W.T"
    report = check(*write(tmp_path, PAGE.format(*PRODUCT[:2], RANDN, wrong, right), wrong), zygote)
    (gradient,) = [g for g in report.gradients if g.diagnoses]
    assert report.submission is not None
    rows = [row.plain for row in place_lines(gradient.diagnoses, gradient.line, report.submission, 100)]
    assert [row.count("^") for row in rows if "^" in row] == [len("torch.cos(dy * 3).exp()")], rows
    assert any("the shape is right, the numbers are not: a change here makes it right" in row for row in rows)


def test_of_two_paths_the_one_whose_gradient_is_not_there(tmp_path: Path, zygote: Zygote) -> None:
    solution = next((Path(__file__).parents[2] / "solutions").glob("ex27_*.py"))
    (tmp_path / solution.name).write_text(re.sub(r"(?m)^    dE = .*$", "    dE = h.index_add(0, ix, demb)", solution.read_text()))
    found, said = told((solution, tmp_path / solution.name), zygote)
    assert found == ["missing-upstream"]
    assert "dscores does not come into this" in said and "No change of one part" not in said
