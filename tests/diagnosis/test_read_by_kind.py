"""Questions, helps, laws, carets and fixes that a strict reader found written for another case, each on another graph than its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from climbing import ladder, taught_by
from pages import write

from backprop_check.flow import check
from backprop_check.report.carets import place_lines
from backprop_check.submission.zygote import Zygote

PAGE = "Forward: {}\nShapes: {}\nInputs: torch.randn\nWrong: {}\nRight: {}\n"

NORMED = "z = a.sum(1, keepdim=True); w = a / z; y = w @ v"
NORMED_GIVEN = "dw = dy @ v.T; dz = -(w / z * dw).sum(1, keepdim=True); "

# (forward, shapes, the answer, the right one, what must be said, what must never be said, nor stand in a fix)
ROWS = [
    # Left from the twelfth reading: a factor that lacks, letters, tables, kinds, axes and what a variance divides by.
    (NORMED, "a (N, C), v (C, M)", "dw = dy @ v.T; dz = -(w * dw).sum(1, keepdim=True)",
     f"{NORMED_GIVEN.rstrip('; ')}", r"a factor of the derivative is missing", r"power|exponent"),
    ("y = a * b", "a (K, N, C), b (N, C)", "db = torch.einsum('knc,kmc->nc', a, dy)", "db = (a * dy).sum(0)", r"`m` and `n` are two letters", r"the numbers are not"),
    ("y = x * w", "x (N, C), w (C)", "dw = x.T @ dy", "dw = (x * dy).sum(0)", r"joins every column of `x` with every column of `dy`", r"matrix product belongs"),
    ("y = E[ix]", "E (C, K), ix (N) of C", "dE = F.one_hot(ix, E.shape[0]).T @ dy", "dE = torch.zeros_like(E).index_add(0, ix, dy)",
     r"`F\.one_hot\(ix, E\.shape\[0\]\)\.T` holds whole numbers", r"Look at this part alone|index_put"),
    ("y = x.gather(1, ix[:, None]).squeeze(1)", "x (N, C), ix (N) of C", "dx = torch.zeros_like(x).scatter(0, ix[:, None], dy[:, None])",
     "dx = torch.zeros_like(x).scatter(1, ix[:, None], dy[:, None])", r"the index counts along axis 1 \(C\)", r"^Write `scatter"),
    ("v = x.std(0)", "x (N, C)", "dx = (x - x.mean(0)) / (x.shape[0] * v) * dv", "dx = (x - x.mean(0)) / ((x.shape[0] - 1) * v) * dv",
     r"`x\.std\(0\)` divides by n - 1", r"has as an exponent"),
    ("v = x.var(0)", "x (N, C)", "dx = (x - x.mean(0)) / (x.shape[0] - 1) * dv", "dx = 2 * (x - x.mean(0)) / (x.shape[0] - 1) * dv",
     r"adds up squares", r"has as an exponent"),
    ("b = a.max(1).values", "a (N, C)", "da = (a == a.max(0).values) * db[:, None]", "da = F.one_hot(a.argmax(1), a.shape[1]) * db[:, None]",
     r"^Let `max` run over axis 1 \(C\), and keep it", r"lets the gradient through"),
    # What a mean of all, half a sum and a lost number are told as; what a mask, a slope and a sum are asked.
    ("l = a.mean(1)", "a (N, C)", "da = (dl[:, None] * torch.ones_like(a)).mean(1, keepdim=True) * torch.ones_like(a)",
     "da = dl[:, None] / a.shape[1] * torch.ones_like(a)", r"makes one number of them all", r"one too many|factor 1/"),
    ("r = (x + u) * tau", "x (N, C), u (N, C), tau (C)", "dtau = (u * dr).sum(0)", "dtau = ((x + u) * dr).sum(0)",
     r"of `x \+ u` only `u` is here", r"another form|is not the derivative"),
    ("q = (p * v).sum(); y = x @ W + 0.1 * q", "p (N, K), v (N, K), x (N, C), W (C, M)", "dq = dy.sum()", "dq = 0.1 * dy.sum()",
     r"the factor 0\.1 is missing", r"passes dy through|not the identity"),
    ("h = x * w; u = h * torch.relu(h)", "x (N, C), w (C)", "dh = torch.relu(h) * du + h * du", "dh = torch.relu(h) * du + h * (h > 0) * du",
     r"does `torch\.relu\(h\)` hold back|does `torch\.relu\(h\)` let `h` through", r"Let h\[\d, \d\] rise a little: does u notice"),
    ("fk = F.elu(k) + 1", "k (N, C)", "dk = torch.where(k > 0, torch.exp(k), 1) * dfk", "dk = torch.where(k > 0, 1, torch.exp(k)) * dfk",
     r"part them at the same places", r"let just those through"),
    ("d = x - x.mean(1, keepdim=True)", "x (N, C)", "dx = dd - dd.mean()", "dx = dd - dd.mean(1, keepdim=True)",
     r"Let `mean` run over axis 1 \(C\), and keep it", r"Write `dd\.mean"),
    ("g = torch.tanh(z); c = i * g", "z (N, C), i (N, C)", "dz = i * dc * g * (1 - g)", "dz = i * dc * (1 - g**2)",
     r"^i \* dc \* \(1 - g ?\*\* ?2\)$", r"i \* dc \* g \+ i"),
    ("p = torch.softmax(r, 1); e = (p * torch.log_softmax(r, 1)).sum(); y = p * e", "r (N, C)", "dr = p * dp",
     "dp = dy * e + torch.log_softmax(r, 1) * (dy * p).sum(); dr = p * (dp - (p * dp).sum(1, keepdim=True))", r"moves", r"e-1[5-9]"),
    # A factor that is 1 everywhere says nothing of a plus, nor do zeros of a use.
    ("s = c.sum(1, keepdim=True); p = c / s", "c (N, C)", "dc = dp / s + torch.ones_like(c)", "ds = (-c / s**2 * dp).sum(1, keepdim=True); dc = dp / s + ds",
     r"a change here makes it right|is missing|upstream", r"belong to one path"),
    ("u = torch.sigmoid(z); h = (1 - u) * n + u * m", "z (N, C), n (N, C), m (N, C)", "dz = (m - n) * dh * u * (1 - u) * 0", "dz = (m - n) * dh * u * (1 - u)",
     r"times 0 leaves nothing of the gradient", r"does not come back here"),
    # A number that the forward multiplies into another factor first; a gradient that stands as a term of its own.
    ("p = 0.5 * k * x**2", "x (N, C), k (N, C)", "dx = 0.5 * k * x * dp", "dx = k * x * dp",
     r"slope of a square is twice.*multiplies by `0\.5`", r"does not move with|does not belong"),
    ("m = x.mean(1, keepdim=True); d = x - m", "x (N, C)", "dm = -dd.sum(1, keepdim=True); dx = dm + dm / x.shape[1]",
     "dm = -dd.sum(1, keepdim=True); dx = dd + dm / x.shape[1]",
     r"`dm` is what arrives at m; through `d = x - m`, what arrives at d comes back to x: `dd`", r"the rest of"),
    # Of several masks, one within another, all decide.
    ("k = torch.where(a > 0, r.clamp(max=1.2), r.clamp(min=0.8))", "a (N), r (N)", "dr = (r < 1.2) * (r > 0.8) * dk",
     "dr = torch.where(a > 0, r < 1.2, r > 0.8) * dk", r"`a > 0` and the values of r decide that together", r"element whether `r\."),
    # An order that is turned before a running sum and not back after it, or the other way round.
    ("t = s.cumsum(1)", "s (N, C)", "ds = dt.flip(1).cumsum(1)", "ds = dt.flip(1).cumsum(1).flip(1)",
     r"to t\[\d, \d\] and \d other places?\. From where", r"puts the right numbers|its element came from"),
    ("t = s.cumsum(1)", "s (N, C)", "ds = torch.flip(torch.cumsum(dt, 1), dims=(1,))", "ds = dt.flip(1).cumsum(1).flip(1)",
     r"begin at the wrong end of axis 1 \(C\)", r"another order|each number returns"),
    # A batch that is not summed, of matrices that are turned: the axis is that of the learner's line, and three axes have no `.T`.
    ("y = x @ W", "x (B, T, K), W (K, C)", "dW = dy.mT @ x", "dW = (x.mT @ dy).sum(0)", r"Sum over axis 0 \(B\)", r"axis 2|\.T\.sum"),
    # A length along another axis, whose axis has to be kept as well.
    ("r = g.norm(dim=1)", "g (N, C)", "dg = g / g.norm(dim=0) * dr.unsqueeze(1)", "dg = g / r.unsqueeze(1) * dr.unsqueeze(1)",
     r"this runs over axis 0 \(N\)", r"not the derivative"),
    ("r = g.norm(dim=1)", "g (N, C)", "dg = g / g.norm(dim=1) * dr.unsqueeze(1)", "dg = g / r.unsqueeze(1) * dr.unsqueeze(1)",
     r"an axis of length 1 last", r"runs over axis"),
    ("r = g.norm(dim=1)", "g (N, C)", "dg = g / g.abs() * dr.unsqueeze(1)", "dg = g / r.unsqueeze(1) * dr.unsqueeze(1)",
     r"is not what belongs in the divisor", r"not the derivative"),
    # What a call hands on with its minus; what is written into places; a number of one term, that is no path counted twice.
    ("y = x + F.pad(x[:, 1:], (1, 0))", "x (N, C)", "dx = dy - F.pad(dy[:, 1:], (1, 0))", "dx = dy + F.pad(dy[:, 1:], (1, 0))",
     r"one is subtracted", r"pad\(-"),
    ("d = x[j] - x[i]", "x (N, C), i (M) of N, j (M) of N", "dx = torch.zeros_like(x).index_add(0, j, dd).index_add(0, i, dd)",
     "dx = torch.zeros_like(x).index_add(0, j, dd).index_add(0, i, -dd)", r"index_add\(0, i, -dd\)$", r"2 \* torch|part through"),
    ("d = x[j] - x[i]", "x (N, C), i (M) of N, j (M) of N", "dx = torch.zeros_like(x).index_add(0, j, dd)",
     "dx = torch.zeros_like(x).index_add(0, j, dd).index_add(0, i, -dd)",
     r"\.index_add\(0, j, dd\) - torch\.zeros_like\(x\)\.index_add\(0, i, dd\)$", r"index_put\(\(|zeros_like\(-"),
    ("u = F.avg_pool1d(x, 6); d = x - u", "x (N, C, 6)", "du = -dd.sum(2, keepdim=True); dx = dd + du / 3",
     "du = -dd.sum(2, keepdim=True); dx = dd + du / 6", r"takes the mean of 6 numbers at a time: each", r"counted twice"),
    # Which axes an operand needs, though another one needs it as well; a minus at the other of two paths; several uses in one line.
    ("r = g.norm(dim=1)", "g (N, C)", "dg = g / r * dr", "dg = g / r.unsqueeze(1) * dr.unsqueeze(1)",
     r"To meet on N, `r` needs an axis of length 1 where `g` has C: `\.unsqueeze\(1\)`", r"Go back to"),
    ("d = x - u; y = u + d * g", "x (N, C), u (N, C), g (C)", "dd = dy * g; du = -dy * dd", "dd = dy * g; du = dy - dd", r"the minus belongs to the other", r"^$"),
    ("s = w.sum(1, keepdim=True) + w[:, -1:] * h", "w (N, C), h (N, 1)", "dw = ds * torch.ones_like(w) + h * ds",
     "dw = ds * torch.ones_like(w); dw[:, -1:] += h * ds", r"which uses of w in s notice", r"does s notice"),
    # What a function is taken of, where that is made of the node in the same line.
    ("p = torch.softmax(x @ W, 1)", "x (N, K), W (K, C)", "dW = x.T @ (p * (1 - p) * dp)", "dW = x.T @ (p * (dp - (p * dp).sum(1, keepdim=True)))",
     r"more than its own number of `x @ W`", r"its own (number of )?W"),
    # One question for several findings of a code.
    ("y = A @ U", "A (B, N, K), U (B, K, M)", "dU = dy.mT @ A", "dU = A.mT @ dy", r"which have changed places", r"stands first"),
    ("s = (p * q) @ r", "p (N, K), q (N, K), r (K)", "dr = ((p + q) * ds[:, None]).sum(0)", "dr = ((p * q) * ds[:, None]).sum(0)",
     r"or is it one product", r"only zeros"),
    ("h = torch.relu(3 * x - 2 * u)", "x (N, C), u (C)", "dx = 3 * dh * (h > 0) - 2 * u", "dx = 3 * dh * (h > 0)",
     r"`2 \* u` does not move with x: its slope is 0", r"Count the uses"),
    ("e = P @ W", "P (N, K), W (B, K, M)", "dW = [P.T @ de[i] for i in range(de.shape[0])]", "dW = P.T @ de",
     r"Join them: `torch\.stack\(\[P", r"how far does the result move"),
    ("e = T[:, k]", "T (N, C), k (M) of C", "dT = torch.zeros_like(T); dT[:, k] += de", "dT = torch.zeros_like(T).index_add(1, k, de)",
     r"names one place twice", r"one row twice"),
    ("s = a + c", "a (N, 1), c (M)", "da = ds.sum(1, keepdim=True) / M", "da = ds.sum(1, keepdim=True)", r"No size comes into this gradient", r"Which of them do you mean"),
    ("loss = torch.exp(v).sum()", "v (N)", "dv = torch.exp(v) * dloss", "dv = torch.exp(v)", r"Where does the way back begin", r"Which of them do you mean"),
    ("q = z.sigmoid(); y = z * q * w", "z (N, C), w (N, C)", "dq = z * w * dy; dz = q * w * dy + q * (1 - q) * z * w",
     "dq = z * w * dy; dz = q * w * dy + q * (1 - q) * dq", r"arrives at `y = z \* q \* w`, and multiply", r"gradient arrives at `q ="),
    ("t = s[torch.arange(len(k)), k]", "s (N, C), k (N) of C", "ds = torch.zeros_like(s); ds[:, k] = dt",
     "ds = torch.zeros_like(s); ds[torch.arange(len(k)), k] = dt", r"Each row has one column of its own", r"takes part|notice"),
    # A new axis picks nothing.
    ("y = c * u - v[:, None]", "c (N, M), u (N, M), v (N)", "dv = dy.sum(0)", "dv = -dy.sum(1)", r"runs over axis 0", r"copied elements|were picked|can it read"),
    # What a law and a question say of this form.
    ("loss = F.cross_entropy(s, t)", "s (N, C), t (N) of C", "ds = torch.softmax(s, 1) - F.one_hot(t, s.shape[1])",
     "ds = (torch.softmax(s, 1) - F.one_hot(t, s.shape[1])) / s.shape[0]", r"mean over the rows: that is divided by how many they are", r"p - y"),
    ("q = torch.round(z); m = q.amax(1)", "z (N, C)", "dq = (q == m[:, None]) * dm[:, None]",
     "dq = (q == m[:, None]) / (q == m[:, None]).sum(1, keepdim=True) * dm[:, None]", r"where several are equal", r"[Oo]nly the winner|single number"),
    ("y = F.linear(a, V)", "a (N, K), V (M, K)", "da = 2 * dy @ V", "da = dy @ V", r"meets it as it stands", r"other one, turned"),
    ("y = V @ q", "V (N, K), q (K)", "dV = 2 * torch.outer(dy, q)", "dV = torch.outer(dy, q)", r"a line of the matrix times the vector", r"turned|meets what arrives"),
    ("e = T[k]", "T (N, C), k (M) of N", "dT = 2 * torch.zeros_like(T).index_add(0, k, de)", "dT = torch.zeros_like(T).index_add(0, k, de)",
     r"makes \(M, C\) of \(N, C\)", r"meets `k`"),
    ("y = a / c", "a (N), c (N)", "da = 2 * dy / c", "da = dy / c", r"that little divided by", r"size of `a`"),
    ("y = z.abs()", "z (N)", "dz = 2 * dy * torch.sign(z)", "dz = dy * torch.sign(z)", r"which way where it is below", r"where does it not"),
    ("m = torch.logsumexp(z, 1)", "z (N, K, M)", "dz = 2 * torch.softmax(z, 1) * dm.unsqueeze(1)", "dz = torch.softmax(z, 1) * dm.unsqueeze(1)", r"which share of that", r"\brow\b"),
    ("loss = torch.sinh(r).sum()", "r (N)", "dr = torch.sinh(r)", "dr = torch.cosh(r)", r"the slope of sinh is all of this gradient", r"made of"),
    # A fix reads like a derivative, and no identity of one forward is taken for a law.
    ("q = torch.softmax(s, 1); y = u * q[:, :1] + v * q[:, 1:]", "s (N, 2), u (N, C), v (N, C)", "dv = (1 - q[:, 1:]) * dy", "dv = q[:, 1:] * dy",
     r"^q\[:, 1:\] \* dy$", r"another part|^\(1 - q"),
    ("w = (u**2).sum(1, keepdim=True); y = u / (w + 0.3).sqrt()", "u (N, C)",
     "dw = -0.5 * (u * dy).sum(1, keepdim=True) * (w + 0.3)**-1.5; du = dy / (w + 0.3) + 2 * u * dw",
     "dw = -0.5 * (u * dy).sum(1, keepdim=True) * (w + 0.3)**-1.5; du = dy / (w + 0.3).sqrt() + 2 * u * dw", r"its root belongs here", r"u / y|missing beside"),
    ("loss = -v.mean()", "v (N)", "dv = -1 / v", "dv = -torch.ones_like(v) / v.shape[0]", r"^-torch\.ones_like\(v\) / ", r"v / v"),
    ("a = (m @ u.unsqueeze(2)).squeeze(2); b = a.sum(1); c = u * b.unsqueeze(1)", "m (N, K, C), u (N, C)",
     "db = (u * dc).sum(1); da = torch.ones_like(a) * db.unsqueeze(1); du = b.unsqueeze(1) * dc",
     "db = (u * dc).sum(1); da = torch.ones_like(a) * db.unsqueeze(1); du = b.unsqueeze(1) * dc + (da.unsqueeze(2) * m).sum(1)", r"da\.unsqueeze\(2\)", r"\.view\("),
    ("y = torch.where(z < 0.7, p, q)", "z (N), p (N), q (N)", "dp = dy * (z > 0.7)", "dp = dy * (z < 0.7)", r"^dy \* \(z < 0\.7\)$", r"~"),
    # One factor of the forward mends the line, though by undoing what stands around it that is not found; and the fix has the forward's own z.
    (NORMED, "a (N, K), v (K, M)", NORMED_GIVEN + "da = w * (dw - (w * dw).sum(1, keepdim=True))", NORMED_GIVEN + "da = dw / z + dz",
     r"is the formula of a softmax, and the forward has none", r"not how a moves|numbers are not|: a change here"),
    (NORMED, "a (N, K), v (K, M)", NORMED_GIVEN + "da = dw - (w * dw).sum(1, keepdim=True)", NORMED_GIVEN + "da = dw / z + dz",
     r"`w = a / z` divides by `z`, and the derivative does too", r"not how a moves|No part was found"),
    (NORMED, "a (N, K), v (K, M)", NORMED_GIVEN + "da = dw**2 - (w * dw).sum(1, keepdim=True)", NORMED_GIVEN + "da = dw / z + dz",
     r"^dw / z \+ dz$", r"^dw / a\.sum"),
    # A constant that happens to be 0.5 makes no path come back twice.
    ("low = x @ A; y = x @ W + 0.5 * (low @ B)", "x (N, K), A (K, C), B (C, M), W (K, M)", "dx = dy @ (W + A @ B).T", "dx = dy @ (W + 0.5 * (A @ B)).T",
     r"`A @ B` lacks the factor 1/2", r"counted twice|How often"),
    # Of several lines and terms the words speak of the one concerned.
    ("y = c + 0.1 * e.sum()", "c (N, M), e (N)", "dc = 0.1 * dy", "dc = dy", r"`0\.1` belongs to `e\.sum\(\)`, which does not move with c", r"No plain number multiplies"),
    ("near = r.abs() < 1; s = r**2 / 2; t = r.abs() - 0.5; y = torch.where(near, s, t)", "r (N, M)",
     "ds = torch.where(near, dy, 0); dt = torch.where(near, 0, dy); dr = r * ds + 0.5 * torch.sign(r) * dt",
     "ds = torch.where(near, dy, 0); dt = torch.where(near, 0, dy); dr = r * ds + torch.sign(r) * dt",
     r"`0\.5` is a term of a difference, and no factor", r"is a square|constant factor is missing"),
    ("e = a * b - c**2; q = b - 2 * c * a; y = e * q", "a (N), b (N), c (N)", "de = q * dy; dq = e * dy; dc = -2 * de - 2 * a * dq",
     "de = q * dy; dq = e * dy; dc = -2 * c * de - 2 * a * dq", r"In `e = a \* b - c\*\*2` the slope by c depends on `c` itself", r"and `q = .* brings in"),
    ("e = a * b; q = b * x[:, 0]**2 - a * x[:, 1]; y = e * q", "a (N), b (N), x (N, 2)", "de = q * dy; dq = e * dy; db = a * de + x[:, 1]**2 * dq",
     "de = q * dy; dq = e * dy; db = a * de + x[:, 0]**2 * dq", r"Which part of what stands beside b in `q = ", r"count which places|and `q = .*: count|From which place"),
    # A factor of a product of matrices: on which axis the two have to meet, and which axes stay where they are.
    ("y = h @ W", "h (B, N, K), W (K, M)", "dW = (h.transpose(0, 1) @ dy).sum(0)", "dW = (h.mT @ dy).sum(0)",
     r"have to meet on N, and B, in front, numbers the matrices", r"From which place does|order in which W has them|permute"),
    ("y = torch.bmm(p, v)", "p (B, N, K), v (B, K, M)", "dp = torch.bmm(dy, v.permute(2, 0, 1))", "dp = torch.bmm(dy, v.mT)",
     r"on which one have they to meet", r"order in which p has them|From which place does"),
    # Of two mistakes each says which the other one is.
    ("a = p @ U; b = p @ V; y = a * b", "p (N, K), U (K, M), V (K, M)", "da = b * dy; db = a * dy; dp = da @ V.T - db @ V.T",
     "da = b * dy; db = a * dy; dp = da @ U.T + db @ V.T", r"put right: these come back along two paths, and one is subtracted\.", r"put right\.$"),
    # What a tensor does no plain number does; a sum over too many axes is needed over the others; each tied place is at a tie, however many.
    ("t = w.sum(1, keepdim=True); a = w / t", "w (N, K)", "dt = -(a / t * da).sum(1, keepdim=True); dw = da / t + dt / a.shape[1]",
     "dt = -(a / t * da).sum(1, keepdim=True); dw = da / t + dt", r"^No plain number multiplies or divides what moves with w", r"^No number"),
    ("k = s * g", "s (B, M, C), g (M, C)", "dg = (s * dk).sum((0, 2))", "dg = (s * dk).sum(0)",
     r"needed added up over axis 0 \(B\), but number by number along axis 2 \(C\)\.$", r"is needed number by number|or each of them"),
    ("q = torch.sign(z); m = q.amax(1, keepdim=True)", "z (N, 40)", "dq = (q == m) * dm", "dq = (q == m) / (q == m).sum(1, keepdim=True) * dm",
     r"where values tie, each of them receives the whole", r"factor of the derivative"),
    # A factor too many is told before another gradient from above; of several such gradients of one value the next one is meant.
    ("s = x * c; p = b * x + a * s; q = b * u + a * p; e = q * k", "x (N, C), c (C), b (C), a (C), u (N, C), k (N, C)",
     "dq = de * k; dp = a * dq; db = (u * dq).sum(0) + (a * x * dp).sum(0)", "dq = de * k; dp = a * dq; db = (u * dq).sum(0) + (x * dp).sum(0)",
     r"`a` is a factor too many", r"stands where another|a \* x \* dq"),
    ("s = x * c; p = b * x + a * s; q = b * u + a * p; e = q - k", "x (N, C), c (C), b (C), a (C), u (N, C), k (N, C)",
     "dq = de; dp = a * dq; ds = a**2 * dp", "dq = de; dp = a * dq; ds = a * dp", r"leads back from q, where `dq` arrives", r"where `de` arrives"),
    # Means for sums, and one constant in each term, are put right where they stand.
    ("p = b * x; q = b * u; e = p + q", "b (C), x (N, C), u (N, C)", "dp = de; dq = de; db = (x * dp).mean(0) + (u * dq).mean(0)",
     "dp = de; dq = de; db = (x * dp).sum(0) + (u * dq).sum(0)", r"`sum` in the place of 2 means", r"has to be multiplied"),
    ("y = p[:, :1] * a + p[:, 1:] * b", "p (N, 2), a (N, C), b (N, C)", "dp = torch.cat([(a * dy).mean(1, keepdim=True), (b * dy).mean(1, keepdim=True)], 1)",
     "dp = torch.cat([(a * dy).sum(1, keepdim=True), (b * dy).sum(1, keepdim=True)], 1)", r"^torch\.cat\(\[\(a \* dy\)\.sum", r"shape\[1\] \*"),
    ("p = b * x; q = b * u; e = p + q", "b (C), x (N, C), u (N, C)", "dp = de; dq = de; db = (x * dp).sum(0) / x.shape[0] + (u * dq).mean(0)",
     "dp = de; dq = de; db = (x * dp).sum(0) + (u * dq).sum(0)", r"Look in `.*` and `.*` for what", r"^[xub]\.shape\[0\] \*"),
    # A mask that is turned round; of one that is given, nothing decides "by its own values".
    ("goal = r + 0.9 * best * (u > 0)", "r (N), best (N), u (N)", "dbest = 0.9 * (u <= 0) * dgoal", "dbest = 0.9 * (u > 0) * dgoal",
     r"exactly the other places: the mask is turned round", r"by its own values|at other places than"),
    ("m = s.masked_fill(u > 0, -50.0); y = m * w", "s (N, C), u (N, C), w (N, C)", "dm = w * dy; ds = dm.masked_fill(u <= 0, 0)",
     "dm = w * dy; ds = dm.masked_fill(u > 0, 0)", r"`u > 0` decides that: it does not depend on s", r"by its own values"),
    ("m = s.masked_fill(u > 0, float('-inf')); p = torch.softmax(m, 1)", "s (N, C), u (N, C)", "dm = p * (dp - (p * dp).sum(1, keepdim=True)); ds = dm.masked_fill(u <= 0, 0)",
     "dm = p * (dp - (p * dp).sum(1, keepdim=True)); ds = dm.masked_fill(u > 0, 0)", r"the other places|turned round|wrong way round", r"passes it where `u <= 0`"),
    ("y = torch.tril(s) * w", "s (N, N), w (N, N)", "ds = torch.triu(dy * w, 1)", "ds = torch.tril(dy * w)", r"the places alone decide that", r"by its own values"),
    # A help for an axis that lets the line run once it is followed.
    ("c = q.gather(1, act[:, None]).squeeze(1)", "q (N, K), act (N) of K", "dq = torch.zeros_like(q).scatter(1, act, dc)",
     "dq = torch.zeros_like(q).scatter(1, act[:, None], dc[:, None])", r"write `act\.unsqueeze\(1\)` and `dc\.unsqueeze\(1\)`", r"Keep the axis|scatter_add"),
    ("c = q.gather(1, act[:, None]).squeeze(1)", "q (N, K), act (N) of K", "dq = torch.zeros_like(q).scatter(1, act[:, None], dc)",
     "dq = torch.zeros_like(q).scatter(1, act[:, None], dc[:, None])", r"Give `dc` an axis of length 1 last", r"may stand here"),
    ("b = a.max(1, keepdim=True).values", "a (N, C)", "da = torch.zeros_like(a); da[range(len(a)), a.argmax(1)] = db", "da = (a == b) * db",
     r"Take the axis of length 1 away: `db\.squeeze\(1\)` is \(5,\)", r"or give one"),
    ("y = x[k]", "x (N, C), k (M) of N", "dx = torch.zeros_like(x); dx[k] = dy.sum(1)", "dx = torch.zeros_like(x).index_add(0, k, dy)",
     r"Give it an axis of length 1: `dy\.sum\(1\)\.unsqueeze\(1\)`", r"away, or give"),
    # The numbers of one term are missing together.
    ("phi = (1 + torch.erf(z / 2**0.5)) / 2; y = z * phi", "z (N, C)", "dphi = z * dy; dz = phi * dy + torch.exp(-z**2 / 2) * dphi",
     "dphi = z * dy; dz = phi * dy + torch.exp(-z**2 / 2) / (2 * torch.pi)**0.5 * dphi", r"lacks the factor 1/\(torch\.pi", r"aside|comes into its gradient once"),
    ("phi = (1 + torch.erf(z / 2**0.5)) / 2; y = z * phi", "z (N, C)", "dphi = z * dy; dz = phi * dy + torch.exp(-z**2 / 2) / (2 * torch.pi) * dphi",
     "dphi = z * dy; dz = phi * dy + torch.exp(-z**2 / 2) / (2 * torch.pi)**0.5 * dphi", r"The slope of `erf`, which", r"aside|comes into its gradient once"),
    # Of a line that is right but for one place.
    ("goal = r + 0.9 * best * ~(u > 0)", "r (N), best (N), u (N)", "dbest = 0.9 * (1 - (u > 0)) * dgoal", "dbest = 0.9 * ~(u > 0) * dgoal",
     r"All but one place of your line can stay", r"Leave your line aside"),
    # A repair of the learner's own kind, and why.
    ("h = F.batch_norm(x, None, None, training=True)", "x (N, C)", "dx = (dh - dh.mean(0) - h * (h * dh).mean(0)) / torch.sqrt(x.var(0) + 1e-5)",
     "dx = (dh - dh.mean(0) - h * (h * dh).mean(0)) / torch.sqrt(x.var(0, unbiased=False) + 1e-5)", r"unless they are told `unbiased=False`", r"keepdim"),
    ("y = w[0] * x[:, :-2] + w[1] * x[:, 1:-1] + w[2] * x[:, 2:]", "x (N, T), w (3)", "dx = w[2] * F.pad(dy, (0, 2)) + w[1] * F.pad(dy, (1, 1)) + w[0] * F.pad(dy, (2, 0))",
     "dx = w[0] * F.pad(dy, (0, 2)) + w[1] * F.pad(dy, (1, 1)) + w[2] * F.pad(dy, (2, 0))", r"`w\[2\]` and `w\[0\]` stand in each other's place", r"slice_scatter"),
    # What is read is asked of what is read; a sum without an axis names none.
    ("c = a[:, None] * b", "a (N), b (C)", "da = torch.zeros_like(a); for i in range(len(a)): da[i] = (b * dc[0]).sum()", "da = (b * dc).sum(1)",
     r"Which place does `dc\[0\]` read there", r"[Ww]hich places of da"),
    ("s = v.sum(); u = d / s", "d (N, C), v (N)", "ds = -d.sum() * (du / s**2).sum()", "ds = -(d * du / s**2).sum()", r"first, then sum\.", r"same axis"),
    # However an operand is laid along another axis, it is the operand that belongs there.
    ("acc = (gap * pull.unsqueeze(2)).sum(1)", "gap (N, N, C), pull (N, N)", "dpull = (gap * dacc[None]).sum(2)", "dpull = (gap * dacc.unsqueeze(1)).sum(2)",
     r"lays `dacc` along axes 1 and 2, and `dacc` belongs along axes 0 and 2", r"another (tensor|value) belongs|is not the derivative"),
    ("acc = (gap * pull.unsqueeze(2)).sum(1)", "gap (N, N, C), pull (N, N)", "dpull = (gap * dacc).sum(2)", "dpull = (gap * dacc.unsqueeze(1)).sum(2)",
     r"`dacc` lies along the wrong axis", r"another (tensor|value) belongs|is not the derivative"),
    ("p = m * s", "m (N), s (N, N)", "ds = m.view(-1, 1) * dp", "ds = m * dp", r"lays `m` along axis 0, and `m` belongs along axis 1", r"other operand"),
    ("p = m.unsqueeze(1) * s", "m (N), s (N, N)", "ds = m[None] * dp", "ds = m[:, None] * dp", r"Write `m\[:, None\]`", r"is not the derivative"),
    # Zeros of `F.pad` on the wrong side, of one part or of two.
    ("win = torch.stack([x[:, :-2], x[:, 1:-1], x[:, 2:]], 2)", "x (N, T)", "dx = F.pad(dwin[:, :, 0], (2, 0)) + F.pad(dwin[:, :, 1], (1, 1)) + F.pad(dwin[:, :, 2], (0, 2))",
     "dx = F.pad(dwin[:, :, 0], (0, 2)) + F.pad(dwin[:, :, 1], (1, 1)) + F.pad(dwin[:, :, 2], (2, 0))",
     r"`\(2, 0\)` puts 2 zeros before `dwin\[:, :, 0\]`, so its numbers stand 2 places too far back", r"is another part than|slice_scatter"),
    ("d = x[:, 1:] - x[:, :-1]", "x (N, T)", "dx = F.pad(dd, (1, 0)) - F.pad(dd, (1, 0))", "dx = F.pad(dd, (1, 0)) - F.pad(dd, (0, 1))",
     r"the zeros stand on the wrong side", r"slice_scatter"),
]  # fmt: skip


@pytest.mark.table
@pytest.mark.parametrize("row", ROWS, ids=[row[2] for row in ROWS])
def test_the_words_fit_this_case(row: tuple[str, ...], tmp_path: Path, zygote: Zygote) -> None:
    forward, shapes, answer, right, must, never = row
    report = check(*write(tmp_path, PAGE.format(forward, shapes, answer, right), answer), zygote)
    assert report.message is None, report.message
    wrong = [g for g in report.gradients if g.diagnoses]
    assert wrong, "nothing is wrong"
    texts = [text for g in wrong for d in g.diagnoses for text in (d.error, d.note, d.help, d.evidence, d.fix) if text]
    texts += [" ".join(hint.split()) for g, taught in taught_by(report, *wrong) for hint in ladder(report, g, taught)[1:3]]
    assert any(re.search(must, text) for text in texts), texts
    assert not [text for text in texts if re.search(never, text)], texts


def test_each_of_two_mistakes_has_its_own_caret(tmp_path: Path, zygote: Zygote) -> None:
    """Also where one of the two places holds the other."""
    given = "da = b * dy; db = a * dy; "
    page = PAGE.format(
        "a = p @ U; b = p @ V; y = a * b",
        "p (N, K), U (K, M), V (K, M)",
        f"{given}dp = da @ V.T - db @ V.T",
        f"{given}dp = da @ U.T + db @ V.T",
    )
    report = check(*write(tmp_path, page, f"{given}dp = da @ V.T - db @ V.T"), zygote)
    (wrong,) = (g for g in report.gradients if g.diagnoses)
    assert report.submission is not None and len(wrong.diagnoses) == 2
    rows = [line.plain for line in place_lines(wrong.diagnoses, wrong.line, report.submission, 100)]
    carets = [i for i, row in enumerate(rows) if "^" in row]
    assert len(carets) == 2
    for diagnosis in wrong.diagnoses:
        at = next(i for i, row in enumerate(rows) if diagnosis.error[:30] in row)
        assert at in carets or at - 1 in carets, "it stands under its own caret"


def test_the_caret_stands_under_the_slope_that_was_taken(tmp_path: Path, zygote: Zygote) -> None:
    page = PAGE.format("h = torch.tanh(x @ W)", "x (N, K), W (K, M)", "dW = x.T @ (dh * h * (1 - h))", "dW = x.T @ (dh * (1 - h**2))")
    report = check(*write(tmp_path, page, "dW = x.T @ (dh * h * (1 - h))"), zygote)
    (wrong,) = (d for gradient in report.gradients for d in gradient.diagnoses)
    assert report.submission is not None and wrong.span is not None and wrong.error.startswith("this is the derivative of sigmoid")
    row, begin, _, end = wrong.span
    assert report.submission.lines[row - 1][begin:end] == "h * (1 - h)"
