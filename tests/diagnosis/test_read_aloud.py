"""What a strict reader found untrue or misleading, each on another graph than the one it was found on: the report and its hints."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from climbing import ladder, taught_by
from pages import write

from backprop_check.flow import check
from backprop_check.records import Report
from backprop_check.report.carets import place_lines
from backprop_check.submission.zygote import Zygote

PAGE = "Forward: {}\nShapes: {}\nInputs: {}\nWrong: {}\nRight: {}\n"
RANDN = "torch.randn"

# (forward, shapes, how inputs are drawn, the answer, the right one, what must be said, what must never be said, nor stand in the fix)
ROWS = [
    # A size is a plain number, though it be read of what moves.
    ("q = x * w; y = q.sum(1) / (x.shape[1] + 1)", "x (N, C), w (N, C)", RANDN,
     "dq = torch.ones_like(q) * dy[:, None] / (x.shape[0] + 1); dx = w * dq", "dq = torch.ones_like(q) * dy[:, None] / (x.shape[1] + 1); dx = w * dq",
     r"is not the constant", r"No plain number multiplies"),
    # What only lends its shape to a line gets nothing back from it.
    ("q = x**3; m = q.sum(0) / len(x)", "x (N, C)", RANDN, "dq = torch.ones_like(q) * dm / len(x); dx = 3 * x * dq", "dq = torch.ones_like(q) * dm / len(x); dx = 3 * x**2 * dq",
     r"one number of x rises|power", r"in m |`m = q"),
    # A difference that stands so in the forward is not turned round: the minus before it is missing.
    ("loss = -((1 - p) * c + p * e).mean()", "p (N), c (N), e (N)", RANDN, "dc = (1 - p) / len(c)", "dc = -(1 - p) / len(c)",
     r"opposite sign", r"turned round|two sides"),
    # A use that is left out within one line further on; of two that send back the same nobody can tell which it is.
    ("u = torch.sigmoid(a @ W); y = u * p + (1 - u) * q", "a (N, K), W (K, C), p (N, C), q (N, C)", RANDN, "da = (p * dy * u * (1 - u)) @ W.T",
     "da = ((p - q) * dy * u * (1 - u)) @ W.T", r"from u through the 2nd use in y", r"another form|not the derivative"),
    ("u = torch.tanh(a); y = u * u * p", "a (N, C), p (N, C)", RANDN, "da = u * p * dy * (1 - u**2)", "da = 2 * u * p * dy * (1 - u**2)",
     r"factor 2 is missing", r"does not come back"),
    # A number within what a function is taken of is no factor of the gradient.
    ("y = torch.exp(-x**2 / 2) * w", "x (N, C), w (C)", RANDN, "dx = -x * torch.exp(-x**2) * w * dy", "dx = -x * torch.exp(-x**2 / 2) * w * dy",
     r"the forward has `torch\.exp\(-x\*\*2 / 2\)`", r"what comes back"),
    ("y = torch.erf(x / 2**0.5) / 2", "x (N, C)", RANDN, "dx = torch.exp(-x**2) / (2 * torch.pi)**0.5 * dy", "dx = torch.exp(-x**2 / 2) / (2 * torch.pi)**0.5 * dy",
     r"Work out what `torch\.exp` is to be taken of", r"divides by|what comes back"),
    # Two changes of one part are no two mistakes; a part that is told of stands in the line.
    ("y = (1 - u) * v + u * h", "u (N, C), v (N, C), h (N, C)", "torch.rand", "dv = dy * (1 - v**2)", "dv = dy * (1 - u)", r"told by the other operand, `1 - u`", r"right power"),
    # Two names exchanged are one thing.
    ("u = x * a; v = x * b; y = torch.sin(u) * v", "x (N, C), a (C), b (C)", RANDN,
     "du = v * torch.cos(u) * dy; dv = torch.sin(u) * dy; dx = a * dv + b * du", "du = v * torch.cos(u) * dy; dv = torch.sin(u) * dy; dx = a * du + b * dv",
     r"`a` and `b` stand in each other's place", r"another tensor belongs|how x moves the loss"),
    # Of a fused operation: the term that lacks a factor, and what a variance divides by.
    ("n = F.layer_norm(x, (3,)); y = n * w", "x (N, 3), w (3)", RANDN,
     "dn = w * dy; dx = (dn - dn.mean(1, keepdim=True) - (n * dn).mean(1, keepdim=True)) / torch.sqrt(x.var(1, unbiased=False, keepdim=True) + 1e-5)",
     "dn = w * dy; dx = (dn - dn.mean(1, keepdim=True) - n * (n * dn).mean(1, keepdim=True)) / torch.sqrt(x.var(1, unbiased=False, keepdim=True) + 1e-5)",
     r"this term lacks a factor", r"count them|each operation between"),
    ("n = F.layer_norm(x, (3,)); y = n * w", "x (N, 3), w (3)", RANDN,
     "dn = w * dy; dx = (dn - dn.mean(1, keepdim=True) - n * (n * dn).mean(1, keepdim=True)) / torch.sqrt(x.var(1, keepdim=True) + 1e-5)",
     "dn = w * dy; dx = (dn - dn.mean(1, keepdim=True) - n * (n * dn).mean(1, keepdim=True)) / torch.sqrt(x.var(1, unbiased=False, keepdim=True) + 1e-5)",
     r"divides by n - 1, where n belongs", r"is not the derivative"),
    # Nothing is passed through a comparison that has a name.
    ("near = r.abs() < 1; cost = torch.where(near, r**2 / 2, r)", "r (N, C)", RANDN, "dr = dcost", "dr = dcost * torch.where(near, r, 1.0)",
     r"passes dcost through", r"inside"),
    # The slope of a loss changes with what it is taken of, though its size is read too.
    ("loss = F.nll_loss(torch.log_softmax(z, 1), k)", "z (N, C), k (N) of C", RANDN, "dz = loss * torch.softmax(z, 1)",
     "dz = (torch.softmax(z, 1) - F.one_hot(k, z.shape[1])) / z.shape[0]", r"one number of z rises", r"is the same whatever"),
    # The result of a function is no other operand.
    ("h = torch.sigmoid(x @ W); y = x + h", "x (N, C), W (C, C)", RANDN, "dh = dy; dx = dy + (x * (1 - x) * dh) @ W.T",
     "dh = dy; dx = dy + (h * (1 - h) * dh) @ W.T", r"`x` goes into `h = |what went in", r"other operand"),
    ("y = x[:, 1:] * u + x[:, :1] * v", "u (N, 1), v (N, 1)", "torch.randn; x = torch.randn(N, 2)", "du = x[:, :1] * dy", "du = x[:, 1:] * dy",
     r"another part of `x` than the one that u meets", r"the forward used|fetch its gradient"),
    # A function of a value where the value stands.
    ("y = torch.sigmoid(a) * b", "a (N, C), b (N, C)", RANDN, "db = a * dy", "db = torch.sigmoid(a) * dy",
     r"brings in `torch\.sigmoid\(a\)`, not `a`", r"where this derivative is taken|made for b"),
    ("y = (torch.tanh(z) * w).sum(1)", "z (N, C), w (C)", RANDN, "dz = w * (1 - z**2) * dy[:, None]", "dz = w * (1 - torch.tanh(z)**2) * dy[:, None]",
     r"`z` is what goes into `torch\.tanh\(z\)`", r"result y"),
    ("loss = torch.sqrt(v).mean()", "v (N)", "torch.rand + 0.5", "dv = torch.sqrt(v) / len(v)", "dv = 1 / (2 * torch.sqrt(v)) / len(v)",
     r".", r"is not where|another value in the place of `v`"),
    # Nothing meets a bias; nor is anything summed where an einsum has no letter to spare.
    ("h = F.linear(x, W, c); y = torch.tanh(h)", "x (N, K), W (M, K), c (M)", RANDN, "dh = (1 - y**2) * dy; dc = dh.mean(0)", "dh = (1 - y**2) * dy; dc = dh.sum(0)",
     r"When `c` rises by 1", r"must they meet"),
    ("y = torch.einsum('nk,nkm->nm', a, g)", "a (N, K), g (N, K, M)", RANDN, "dg = 2 * torch.einsum('nk,nm->nkm', a, dy)", "dg = torch.einsum('nk,nm->nkm', a, dy)",
     r"make a product each", r"must they meet"),
    # The right bounds along another axis; the right part of what is joined.
    ("y = torch.cat([u, v], 0)", "u (N, C), v (K, C)", RANDN, "dv = dy[:, u.shape[0]:]", "dv = dy[u.shape[0]:]", r"Cut along axis 0", r"same bounds|another part"),
    ("e = W[i]", "W (N, C), i (K) of N", RANDN, "dW = torch.zeros_like(W).index_add(0, de, i)", "dW = torch.zeros_like(W).index_add(0, i, de)",
     r"`index_add` is given values where its index belongs", r"Lay the index out"),
    ("e = W[i]", "W (N, C), i (K) of N", RANDN, "dW = torch.zeros_like(W).index_add_(0, i, 3 * W[i] * de)", "dW = torch.zeros_like(W).index_add_(0, i, de)",
     r".", r"Lay the index out"),
    # A fix is a line that a teacher would write.
    ("m = x.mean(0)", "x (N, C)", RANDN, "dx = dm / (x * x.shape[0])", "dx = torch.ones_like(x) * dm / x.shape[0]", r"where its slope, 1, belongs", r"\* x\.shape\[0\]\)"),
    ("y = c * a - c * b", "c (N, 1), a (N, C), b (N, C)", RANDN, "dc = (b * dy - a * dy).sum(1)", "dc = (a * dy - b * dy).sum(1, keepdim=True)", r"turned round", r"^-\("),
    ("r = (v + 1)**-0.5", "v (N)", "torch.rand + 0.5", "dv = 0.5 * r**2 * dr", "dv = -0.5 * r**3 * dr", r"a minus is missing here", r"factor of the derivative|another derivative"),
    # An infinity that is written down did not overflow.
    ("s = torch.where(z > 0, z, torch.inf); y = torch.exp(-s)", "z (N, C)", RANDN, "ds = -y * dy; dz = torch.where(z > 0, ds, -torch.inf)",
     "ds = -y * dy; dz = torch.where(z > 0, ds, 0.0)", r"an infinity is written down", r"overflows|logarithm"),
    # The forward's own function applied to the gradient, or passed by, where one number moves many.
    ("y = torch.cumsum(x * w, 1)", "x (N, C), w (C)", RANDN, "dx = w * dy.cumsum(1)", "dx = w * dy.flip(1).cumsum(1).flip(1)", r"through cumsum itself", r"slope of cumsum"),
    ("y = torch.cumsum(x, 0)", "x (N, C)", RANDN, "dx = dy", "dx = dy.flip(0).cumsum(0).flip(0)", r"moves several of y", r"missing from the product"),
    ("p = torch.log_softmax(2 * x, 1)", "x (N, C)", RANDN, "dx = 2 * dp", "dx = 2 * (dp - p.exp() * dp.sum(1, keepdim=True))", r"several of its row", r"change here"),
    ("p = torch.softmax(z, 1)", "z (N, C)", RANDN, "dz = dp - p * dp.sum(1, keepdim=True)", "dz = p * (dp - (p * dp).sum(1, keepdim=True))",
     r"derivative of `torch\.log_softmax\(z, 1\)`", r"the numbers are not"),
    # An axis that no call names; one of length 1 in another place, still to be copied; a copy and a constant together.
    ("y = x - x.mean(0)", "x (N, C)", RANDN, "dx = dy - dy.mean()", "dx = dy - dy.mean(0)", r"runs over all axes", r"the numbers are not"),
    ("m = x.mean(0)", "x (N, C)", RANDN, "dx = dm.unsqueeze(1) / x.shape[0]", "dx = torch.ones_like(x) * dm / x.shape[0]", r"Write `dm\.unsqueeze\(0\)`\. Then copy", r"exactly the shape"),
    ("y = x.sum(0) / (len(x) - 1)", "x (N, C)", RANDN, "dx = dy / len(x)", "dx = torch.ones_like(x) * dy / (len(x) - 1)", r"is not the constant", r"exactly the shape"),
    # Right by its value alone: labels of -1 and 1 divide as they multiply, `y / x` is a slope, floats are equal where the forward let pass.
    ("m = t * s", "t (N), s (N)", "torch.randn; t = torch.randint(0, 2, (N,)) * 2.0 - 1", "ds = dm", "ds = t * dm", r"^(t \* dm|dm \* t)$", r"/ t|^dm /"),
    ("y = x / c", "x (N, K), c ()", "torch.randn; c = 1.3", "dx = dy", "dx = dy / c", r"^dy / c$", r"y / x|/ x"),
    ("y = x / c", "x (N, K), c ()", "torch.randn; c = 1.3", "dx = -x / c**2 * dy", "dx = dy / c", r"the slope of `x / c` by `c`", r"x / y|`-x`"),
    ("w = x * x; y = torch.where(w > 1, w - 0.5, 0.1 * x)", "x (N, K)", RANDN, "dw = (x > 1) * dy; dx = 2 * x * dw + 0.1 * dy * (w <= 1)",
     "dw = (w > 1) * dy; dx = 2 * x * dw + 0.1 * dy * (w <= 1)", r"^\(w > 1\) \* dy$", r"=="),
    # What is done to the letter puts it right: the operator that fits, the axes that stay, all the calls that move, the forward's own minus.
    ("y = h @ W", "h (N, K), W (K, M)", RANDN, "dh = dy(W.T)", "dh = dy @ W.T", r"operator, `@`", r"`\*`"),
    ("y = x * g", "x (N, C, K), g (C, 1)", RANDN, "dg = (x * dy).sum((0, 2))", "dg = (x * dy).sum((0, 2)).reshape(g.shape)",
     r"Only axis 2 \(K\) stays, with length 1; axis 0 \(N\) goes", r"Keep the summed axis|the axis it runs over"),
    ("y = x + b", "x (N, C, K), b (C, 1)", RANDN, "db = dy.sum((1, 2)).view(b.shape)", "db = dy.sum((0, 2)).view(b.shape)",
     r"run over axis 0 \(N\) and axis 2 \(K\)", r"fewer than these"),
    ("y = x.cumsum(0)", "x (N, C)", RANDN, "dx = dy.flip(1).cumsum(1).flip(1)", "dx = dy.flip(0).cumsum(0).flip(0)", r"Let `flip` and `cumsum` run over axis 0", r"Let `flip` run"),
    ("y = F.logsigmoid(-z) * w", "z (N, C), w (N, C)", RANDN, "dz = -torch.sigmoid(-z) * w * dy", "dz = -torch.sigmoid(z) * w * dy", r"Here u is `-z`", r"computes with"),
    ("y = F.softplus(-x)", "x (N, C)", RANDN, "dx = -torch.sigmoid(x) * dy", "dx = -torch.sigmoid(-x) * dy", r"computes with `-x`", r"Find the minus"),
    # An index by a mask, an index that is left out, an index once more.
    ("y = F.relu(x)", "x (N, C)", RANDN, "dx = 2 * dy[x > 0] / 2", "dx = dy * (x > 0)", r"takes the numbers out of their places", r"exactly the shape"),
    ("m = T[i] * 2; y = m.sin()", "T (N, C), i (K) of N", RANDN, "dm = m.cos() * dy; dT = 2 * dm.sum(0).expand_as(T)",
     "dm = m.cos() * dy; dT = torch.zeros_like(T).index_add(0, i, 2 * dm)", r"every row of T receives", r"the numbers are not"),
    ("e = T[i]; y = e.exp()", "T (N, C), i (K) of N", RANDN, "de = (y * dy)[i]; dT = torch.zeros_like(T).index_add(0, i, de)",
     "de = y * dy; dT = torch.zeros_like(T).index_add(0, i, de)", r"`\[i\]` picks where nothing", r"does not exist|how long that is"),
    # Of several paths only the one whose factor is another is named; of several slopes only the one that is left out.
    ("k = x @ U; g = torch.tanh(k); y = g * x + (1 - g) * v", "x (N, C), U (C, C), v (N, C)", RANDN, "dg = dy * (x - v); dk = dg * (1 - g**2); dx = dy * (1 - g) + dk @ U.T",
     "dg = dy * (x - v); dk = dg * (1 - g**2); dx = dy * g + dk @ U.T", r"derivative of `y = [^`]*` by x", r"`k = x @ U`"),
    ("loss = torch.sqrt(1 + torch.exp(2 * v)).sum()", "v (N)", RANDN, "dv = 2 * torch.exp(2 * v)", "dv = torch.exp(2 * v) / torch.sqrt(1 + torch.exp(2 * v))",
     r"that of `torch\.sqrt\([^`]*` by `[^`]*`: the others are there", r"only the outside"),
    # The function itself in the place of its slope: which numbers it brings together. Of a forward's own sum nothing comes back.
    ("y = 2 * x; s = y.cumsum(0)", "x (N, C)", RANDN, "dy = ds.cumsum(0); dx = 2 * dy", "dy = ds.flip(0).cumsum(0).flip(0); dx = 2 * dy",
     r"Which numbers of what arrives there does your line bring together", r"the factor beside"),
    ("m = a.mean(1, keepdim=True); y = b * m", "a (N, C), b (N, C)", RANDN, "db = dy * a.mean()", "db = dy * m", r"Along which axes does the forward reduce", r"come back from there"),
    # Each use counts, though the number looked at moves but one of its lines; the caret stands under the path that is concerned.
    ("p = s.abs(); y = torch.where(p < 1, s**3, 2 * p)", "s (N, C)", RANDN, "dp = torch.where(p < 1, 0.0, 2 * dy); ds = torch.where(p < 1, 3 * s**2 * dy, 0.0)",
     "dp = torch.where(p < 1, 0.0, 2 * dy); ds = torch.where(p < 1, 3 * s**2 * dy, 0.0) + dp * torch.sign(s)", r"s is used twice, in p and y\.", r"in p\.|in y\."),
    ("p = s.abs(); y = torch.where(p < 1, s**3, 2 * p)", "s (N, C)", RANDN, "dp = torch.where(p < 1, 0.0, 2 * dy); ds = 3 * s**2 * dy + dp * torch.sign(s)",
     "dp = torch.where(p < 1, 0.0, 2 * dy); ds = torch.where(p < 1, 3 * s**2 * dy, 0.0) + dp * torch.sign(s)",
     r"Which numbers of `s\*\*3` does `torch\.where\([^`]*` hold back", r"does p notice|for p\."),
    # What is zero but for rounding agrees with all that cancels, and proves no cause.
    ("c = x - x.mean(1, keepdim=True); y = c * g", "x (N, C), g (1)", RANDN, "dc = dy * g; dg = dy.sum(1).sum(0, keepdim=True) * c.sum(1).sum(0, keepdim=True)", "dc = dy * g; dg = (dy * c).sum(1).sum(0, keepdim=True)",
     r"sums first and multiplies afterwards", r"arrives from above"),
    ("s = h @ W; loss = F.cross_entropy(s, k)", "h (N, K), W (K, C), k (N) of C", RANDN,
     "ds = (torch.softmax(s, 1) - F.one_hot(k, s.shape[1])) / s.shape[0]; dh = W.sum(1) * ds.sum(1, keepdim=True)",
     "ds = (torch.softmax(s, 1) - F.one_hot(k, s.shape[1])) / s.shape[0]; dh = ds @ W.T", r"sums first and multiplies afterwards", r"the numbers are not"),
    # Of two minuses one is due; where no minus is, none belongs there.
    ("e = torch.exp(-t); y = e * g", "t (N, C), g (N, C)", RANDN, "de = g * dy; dt = -e * -de", "de = g * dy; dt = -e * de", r"^this minus is one too many", r"negative only where"),
    ("y = 3 * t * g", "t (N, C), g (N, C)", RANDN, "dt = -3 * g * dy", "dt = 3 * g * dy", r"^Nothing in `y = 3 \* t \* g` turns the sign", r"one too many"),
    # One use of several has the slope 1, and it is the others that are missing; `dq**2` is `dq` only where that is 1.
    ("y = v + torch.sigmoid(v)", "v (N, C)", RANDN, "dv = dy", "s = torch.sigmoid(v); dv = dy + s * (1 - s) * dy", r"through the 2nd use in y: no", r"is not the identity|missing from the product"),
    ("q = v * w; loss = q.sum()", "v (N, C), w (N, C)", RANDN, "dq = torch.ones_like(q); dv = dq**2", "dq = torch.ones_like(q); dv = w * dq", r"a factor of the derivative is missing", r"unchanged|this is `dq`|what arrives"),
    # Joining adds nothing up; a help is about the call that its caret stands under.
    ("y = torch.cat([x + b[: x.shape[1]], u * b[x.shape[1] :]], 1)", "x (N, C), u (N, K), b (M)", "torch.randn; b = torch.randn(C + K)",
     "db = torch.cat([dy[:, : x.shape[1]].sum(0), u * dy[:, x.shape[1] :]])", "db = torch.cat([dy[:, : x.shape[1]].sum(0), (u * dy[:, x.shape[1] :]).sum(0)])",
     r"Sum it over axis 0 \(N\) first", r"the numbers are not"),
    ("y = torch.cat([x + b[: x.shape[1]], u * b[x.shape[1] :]], 1)", "x (N, C), u (N, K), b (M)", "torch.randn; b = torch.randn(C + K)",
     "db = torch.cat([dy[:, : x.shape[1]].sum(0), (u * dy[:, x.shape[1] :]).sum()])", "db = torch.cat([dy[:, : x.shape[1]].sum(0), (u * dy[:, x.shape[1] :]).sum(0)])",
     r"^Let `sum` run over axis 0 \(N\)\.$", r"Write `dy"),
    # Brackets: what they have to hold, and what is done to all that they hold.
    ("u = x * torch.sigmoid(x)", "x (N, C)", RANDN, "dx = du * torch.sigmoid(x) * (1 + x) * (1 - torch.sigmoid(x))", "dx = du * torch.sigmoid(x) * (1 + x * (1 - torch.sigmoid(x)))",
     r"have to hold `1 \+ x \* \(1 - torch\.sigmoid\(x\)\)`", r" \. |x \) "),
    ("m = x.mean(0); c = x - m; y = c * w", "x (N, C), w (N, C)", RANDN, "dc = w * dy; dm = -dc.sum(0); dx = (dc + dm) / x.shape[0]", "dc = w * dy; dm = -dc.sum(0); dx = dc + dm / x.shape[0]",
     r"`dc` is divided by `x\.shape\[0\]` too", r"lacks the factor|count it once"),
    ("q = (v**2).sum(1, keepdim=True); n = q.sqrt(); u = v / n; y = u * w + q", "v (N, C), w (N, C)", RANDN,
     "du = w * dy; dn = -(du * v).sum(1, keepdim=True) / n**2; dq = dn / (2 * n) + dy.sum(1, keepdim=True); dv = (du + 2 * v * dq) / n",
     "du = w * dy; dn = -(du * v).sum(1, keepdim=True) / n**2; dq = dn / (2 * n) + dy.sum(1, keepdim=True); dv = du / n + 2 * v * dq", r"`/ n` is taken of all of", r"what went in"),
    # Sums that are multiplied crosswise, beside another term.
    ("u = x @ A; v = x @ E; y = torch.tanh(u) + torch.sin(v) * x.sum(1, keepdim=True)", "x (N, K), A (K, C), E (K, C)", RANDN,
     "du = (1 - torch.tanh(u)**2) * dy; dv = torch.cos(v) * x.sum(1, keepdim=True) * dy; dx = (du + dv) @ (A + E).T + (torch.sin(v) * dy).sum(1, keepdim=True)",
     "du = (1 - torch.tanh(u)**2) * dy; dv = torch.cos(v) * x.sum(1, keepdim=True) * dy; dx = du @ A.T + dv @ E.T + (torch.sin(v) * dy).sum(1, keepdim=True)",
     r"sums first and multiplies afterwards", r"does not belong|counted twice|another tensor"),
    # Two that cannot be compared; the term that a caret stands under, though its axis is kept or not.
    ("m = e.amax(2); y = m * w", "e (N, K, C), w (N, K)", RANDN, "dm = w * dy; de = (e >= m) * dm[..., None]", "dm = w * dy; de = (e >= m[..., None]) * dm[..., None]",
     r"`>=` cannot compare them", r"The line stopped there"),
    ("p = s.abs(); q = 0.5 * s**2; e = torch.where(p < 1, q, 2 * p)", "s (N)", "2 * torch.randn", "dp = 2 * de * (p >= 1); dq = de * (p < 1); ds = dq * s + torch.relu(s) * dp",
     "dp = 2 * de * (p >= 1); dq = de * (p < 1); ds = dq * s + torch.sign(s) * dp", r".", r"brackets are missing|through p: no"),
    # No share of a mean is due where no mean stands.
    ("c = m + e; k = (0.5 * m**2).sum(1); loss = (c.sum(1) + k).mean()", "m (N, C), e (N, C)", RANDN,
     "dk = torch.ones_like(k) / len(k); dc = torch.ones_like(c) / len(c); dm = dc + 2 * m", "dk = torch.ones_like(k) / len(k); dc = torch.ones_like(c) / len(c); dm = dc + m * dk.unsqueeze(1)",
     r".", r"lacks the factor 1/"),
    # What does not go into a call; a slope that is 1 anyway; nothing in the line adds up.
    ("y = (2 - g).unsqueeze(1) * x", "x (N, T, C), g (N, C)", RANDN, "dx = x * dy", "dx = (2 - g).unsqueeze(1) * dy", r"is told by `\(2 - g\)\.unsqueeze\(1\)`", r"goes into|the formula is right"),
    ("a = x @ W; m = a + b; k = (a**2).sum(1); y = m @ V + k.unsqueeze(1)", "x (N, K), W (K, C), b (N, C), V (C, M)", RANDN, "dk = dy.sum(1); dm = dy @ V.T; da = dm + 2 * a * dk.unsqueeze(1); dW = x.T @ dm", "dk = dy.sum(1); dm = dy @ V.T; da = dm + 2 * a * dk.unsqueeze(1); dW = x.T @ da",
     r"from a through k does not come back", r"unchanged|is not the identity"),
    ("s = torch.logsumexp(z, 1); y = s * w", "z (N, C), w (N)", RANDN, "dz = (w * dy)[:, None]", "dz = torch.softmax(z, 1) * (w * dy)[:, None]", r"has its own share", r"Leave out what adds up"),
    # Where nothing arrives, zero is right by itself.
    ("h = F.relu(z - 1); y = h @ W", "z (N, C), W (C, M)", RANDN, "dh = dy @ W.T; dz = 3 * dh * (z > 1) * torch.cos(z + h)", "dh = dy @ W.T; dz = dh * (z > 1)", r".", r"numbers are right"),
    # Fixes that a teacher would write: as near as they can be, and no longer than the derived line.
    ("loss = torch.log(1 + torch.exp(-t)).mean()", "t (N)", RANDN, "dt = -torch.exp(-t) / t.shape[0]", "dt = -torch.sigmoid(-t) / t.shape[0]", r"^-torch\.sigmoid\(-t\) / t\.shape\[0\]$", r"exp\(-t\) \+ 1"),
    ("y = k * W * W + W * b", "W (N, C), b (N, C)", "torch.randn; k = 0.3", "dW = b * dy", "dW = b * dy + 2 * k * W * dy", r"^2 \* k \* W \* dy \+|\+ 2 \* k \* W \* dy$", r"(k \* W|W \* k) \* dy \+ (k|W)"),
    ("y = x.masked_fill(m, 0)", "x (N, C)", "torch.randn; m = torch.randn(N, C) > 0", "dx = dy", "dx = dy.masked_fill(m, 0)", r"^dy \* ~m$|^~m \* dy$", r"masked_fill\(dy"),
    ("n = (a * a).sum(1).sqrt(); y = n * b", "a (N, C), b (N)", RANDN, "dn = b * dy; da = dn.unsqueeze(1) * 2 * a", "dn = b * dy; da = (dn / n).unsqueeze(1) * a", r"^\(dn / n\)\.unsqueeze\(1\) \* a$", r"2 \* n|1 / "),
    ("loss = -c.mean()", "c (N)", RANDN, "dc = -1 / c.shape[0]", "dc = -torch.ones_like(c) / c.shape[0]", r"^-torch\.ones_like\(c\) / c\.shape\[0\]$", r"numel"),
    ("loss = c.tanh().mean()", "c (N)", RANDN, "dc = (1 - c.tanh()**2) / N", "dc = (1 - c.tanh()**2) / len(c)", r"/ c\.shape\[0\]$", r"numel"),
    ("y = (a * b[:, None]) + c[:, None] * d", "a (N, C), b (N), c (N), d (N, C)", RANDN, "da = b[:, None] * dy; dd = dy * c", "da = b[:, None] * dy; dd = c[:, None] * dy", r"^dy \* c\.unsqueeze\(1\)$", r"the numbers are not"),
    # What is joined by a call, written into places or laid out by letters.
    ("c = F.unfold(x, (2, 2)); y = w @ c", "x (B, C, 4, 5), w (K, M)", "torch.randn; w = torch.randn(K, C * 4)", "dc = w.T @ dy; dx = F.fold(dc, x.shape[2:], (2, 3))", "dc = w.T @ dy; dx = F.fold(dc, x.shape[2:], (2, 2))",
     r"`fold` cannot take `\(2, 3\)`", r"Look at this part alone"),
    ("u = x.unfold(1, 3, 2); y = u.amax(2)", "x (N, T)", "torch.randn; x = torch.randn(N, 2 * T + 1)", "du = F.one_hot(u.argmax(2), 3) * dy.unsqueeze(2); dx = torch.zeros_like(x).index_add_(1, torch.arange(x.shape[1]).unfold(0, 4, 2).flatten(), du.flatten(1))",
     "du = F.one_hot(u.argmax(2), 3) * dy.unsqueeze(2); dx = torch.zeros_like(x).index_add_(1, torch.arange(x.shape[1]).unfold(0, 3, 2).flatten(), du.flatten(1))", r"`4` does not belong in this `unfold`", r"the numbers are not"),
    ("h = x @ W; y = h @ W.T", "x (N, C), W (C, C)", RANDN, "dh = dy @ W; dW = torch.einsum('nc,nd->dc', x, dh) + dy.T @ h", "dh = dy @ W; dW = x.T @ dh + dy.T @ h", r"Exchange the letters of the result: `->cd`", r"other mistake"),
    # Of several uses the one whose gradient is lacking, though the line reads that gradient elsewhere.
    ("h = x * a; y = h * x**2 + x.sin()", "x (N, C), a (C)", RANDN, "dh = x**2 * dy; dx = a * dh + 2 * h * x * dy + x.cos()", "dh = x**2 * dy; dx = a * dh + 2 * h * x * dy + x.cos() * dy",
     r"arrives at `y = [^`]*`, and multiply", r"arrives at `h = "),
    # A slope that is none: along rows. A dot is not times. Two slips in one layout.
    ("u = torch.log_softmax(z, 1); y = u * w", "z (N, C), w (N, C)", RANDN, "du = w * dy; dz = du * torch.exp(u)", "du = w * dy; dz = du - u.exp() * du.sum(1, keepdim=True)", r"number by number", r"the numbers are not"),
    ("y = 3 * b + x", "x (N, C), b (C)", RANDN, "db = 3 .dy.sum(0)", "db = 3 * dy.sum(0)", r"write `\*` in the place of the dot", r"Look at this part alone"),
    ("m = x * a; y = m.mean(1)", "x (N, C), a (C)", RANDN, "dm = dy.unsqueeze(1) / m.shape[0]", "dm = torch.ones_like(m) * dy.unsqueeze(1) / m.shape[1]", r"m\.shape\[0\]` is not the constant", r"exactly the shape"),
    # One term of several at the wrong places; parts in the wrong order have no bounds; what is looped over does not meet. A `*` where rows meet rows.
    ("own = s[range(len(k)), k].unsqueeze(1); m = s * c - own; y = torch.relu(m)", "s (N, C), c (C), k (N) of C", RANDN,
     "dm = dy * (m > 0); down = -dm.sum(1, keepdim=True); ds = dm * c + down",
     "dm = dy * (m > 0); down = -dm.sum(1, keepdim=True); ds = dm * c + F.one_hot(k, s.shape[1]) * down", r"^along this path elements", r"^elements that|moved the result|^Begin with"),
    ("y = g[0] * x[:-1] + g[1] * x[1:]", "x (N), g (2)", RANDN, "dg = torch.stack([(dy * x[1:]).sum(), (dy * x[:-1]).sum()])", "dg = torch.stack([(dy * x[:-1]).sum(), (dy * x[1:]).sum()])",
     r"stands in the order of g", r"that axis|same bounds"),
    ("s = a @ U; y = torch.tanh(s)", "a (N, M), U (M, K)", RANDN, "ds = dy * (1 - y**2); dU = torch.zeros_like(U); for i in range(len(a)): dU = dU + torch.outer(ds[i], a[i])", "ds = dy * (1 - y**2); dU = a.T @ ds",
     r"Exchange the two: `torch\.outer\(a\[i\], ds\[i\]\)` is \(M, K\)", r"they meet on|which meet in the forward"),
    ("s = a @ U; y = torch.tanh(s)", "a (N, M), U (M, K)", RANDN, "ds = dy * (1 - y**2); dU = torch.zeros_like(U) + ds[0].outer(a[0])", "ds = dy * (1 - y**2); dU = a.T @ ds",
     r"which axes has U, in which order", r"they meet on|which meet in the forward"),
    ("s = a @ U; y = torch.tanh(s)", "a (N, M), U (M, K)", RANDN, "ds = dy * (1 - y**2); da = (ds * U).sum(1)", "ds = dy * (1 - y**2); da = ds @ U.T",
     r"`@` pairs each row with each column, and adds up along K by itself", r"in which order"),
    # What has no value is not described, and what is written for it has a shape.
    ("y = torch.sqrt(q); loss = y.sum()", "q (N)", "torch.rand + 0.5", "dq = dloss / (2 * y)", "dq = 1 / (2 * y)", r"elsewhere write `torch\.ones_like\(loss\)`", r"write 1\b"),
    # Two terms that lack two constants: neither is one of the whole sum, and the fix is the derived line. A 2 that goes again is not taught.
    ("u = t * a; v = (t - 2) * a; y = u**2 + torch.sin(v)", "a (N, C)", "torch.randn; t = 0.3", "du = 2 * u * dy; dv = torch.cos(v) * dy; da = du + dv",
     "du = 2 * u * dy; dv = torch.cos(v) * dy; da = t * du + (t - 2) * dv", r"^t \* du \+ \(t - 2\) \* dv$", r"\(du \+ dv\)|\(dv \+ du\)|unchanged"),
    ("s = r**2 / 2; v = torch.abs(r); c = torch.where(m, s, v)", "r (N, C)", "torch.randn; m = torch.randn(N, C) > 0", "ds = dc * m; dv = dc * ~m; dr = dc",
     "ds = dc * m; dv = dc * ~m; dr = r * ds + torch.sign(r) * dv", r"r \* ds", r"2 \* r \* ds"),
    # A comparison the wrong way round stands for no other tensor; a factor that a line brings in is named; a product of lengths is one.
    ("u = k * a; v = (k - 1) * a; y = torch.maximum(v, u)", "a (N, C)", "torch.randn; k = 0.4", "dv = dy * (a >= 0)", "dv = dy * (a < 0)",
     r"`a >= 0` is the wrong way round", r"another tensor|v >= 0"),
    ("r = torch.tanh(a); y = a * r * w", "a (N, C), w (N, C)", RANDN, "da = (r + a * (1 - r**2)) * dy", "da = (r + a * (1 - r**2)) * w * dy",
     r"brings in `w` too", r"is not the derivative"),
    ("m = x.mean((1, 2)); s = torch.tanh(m); y = x * s[:, None, None]", "x (N, C, K)", RANDN,
     "dm = (1 - s**2) * (x * dy).sum((1, 2)); dx = s[:, None, None] * dy + dm[:, None, None] / 12",
     "dm = (1 - s**2) * (x * dy).sum((1, 2)); dx = s[:, None, None] * dy + dm[:, None, None] / (x.shape[1] * x.shape[2])",
     r"this 12 is C·K of today", r"is the length|every length"),
]  # fmt: skip


@pytest.mark.table
@pytest.mark.parametrize("row", ROWS, ids=[row[3] for row in ROWS])
def test_read_aloud(row: tuple[str, ...], tmp_path: Path, zygote: Zygote) -> None:
    forward, shapes, inputs, answer, right, must, never = row
    report = check(*write(tmp_path, PAGE.format(forward, shapes, inputs, answer, right), answer), zygote)
    assert report.message is None, report.message
    said(report, must, never)


def said(report: Report, must: str, never: str) -> None:
    wrong = [g for g in report.gradients if g.diagnoses]
    assert wrong, "nothing is wrong"
    texts = [text for g in wrong for d in g.diagnoses for text in (d.error, d.note, d.help, d.evidence, d.fix) if text]
    texts += [" ".join(hint.split()) for g, taught in taught_by(report, *wrong) for hint in ladder(report, g, taught)[1:2]]
    assert any(re.search(must, text) for text in texts), texts
    assert not [text for text in texts if re.search(never, text)], texts


NAMED = '''"""A constant."""
import torch
rate = 0.25
def inputs(N=5, C=3):
    return dict(x=torch.randn(N, C), w=torch.randn(C))
def forward(x, w):
    y = x * w * (1 - rate)
    return y
def backward(x, w, y, dy):
    dx = ...
'''


@pytest.mark.parametrize(
    ("answer", "must", "never"),
    [("w * dy", r"\(1 - rate\)", r"0\.25|0\.75|/ 4"), ("rate * w * dy / (1 - rate)", r".", r"0\.25|0\.75")],
)
def test_a_constant_keeps_its_name(answer: str, must: str, never: str, tmp_path: Path, zygote: Zygote) -> None:
    exercise, path = tmp_path / "ex01_constant.py", tmp_path / "answer.py"
    exercise.write_text(NAMED)
    path.write_text(NAMED.replace("...", answer))
    said(check(exercise, path, zygote), must, never)


@pytest.mark.parametrize(
    ("imports", "answer", "must"),
    [
        ("import torch.nn.functional as fn", "fn.softplus(-x) * dy", r"^wrong-local|is not the derivative|sigmoid"),
        ("from torch import tanh as th", "w * th(x) * (1 - rate) * dy", r"factor too many"),
        ("import torch as t", "t.ones_like(x) * w * dy", r"\(1 - rate\)"),
    ],
)
def test_the_names_a_file_gives_to_torch_are_read(imports: str, answer: str, must: str, tmp_path: Path, zygote: Zygote) -> None:
    exercise, path = tmp_path / "ex01_constant.py", tmp_path / "answer.py"
    exercise.write_text(NAMED)
    path.write_text(NAMED.replace("import torch\n", f"import torch\n{imports}\n").replace("...", answer))
    said(check(exercise, path, zygote), must, r"the numbers are not")


def test_carets_stand_in_two_places_at_most_of_several_causes(tmp_path: Path, zygote: Zygote) -> None:
    exercise, path = tmp_path / "ex01_constant.py", tmp_path / "answer.py"
    exercise.write_text(NAMED)
    path.write_text(NAMED.replace("...", "rate * w * x * dy"))
    report = check(exercise, path, zygote)
    (gradient,) = report.gradients
    assert report.submission is not None and gradient.line is not None
    row, spots = gradient.line, (9, 16, 20)
    causes = [replace(gradient.diagnoses[0], span=(row, at, row, at + 1), error=f"cause {at}", also=()) for at in spots]
    rows = [line.plain for line in place_lines(causes, row, report.submission, 100)]
    assert sum(line.count("^") for line in rows) == 2
    assert all(any(cause.error in line for line in rows) for cause in causes)


@pytest.mark.parametrize(
    ("answer", "under"),
    [("torch.where(p < 1, 3 * s**2 * dy, 0.0) + dp", "dp"), ("3 * s**2 * dy + dp * torch.sign(s)", "3 * s**2 * dy")],
)
def test_the_caret_stands_under_the_path_that_is_concerned(answer: str, under: str, tmp_path: Path, zygote: Zygote) -> None:
    given, right = "dp = torch.where(p < 1, 0.0, 2 * dy); ds = ", "torch.where(p < 1, 3 * s**2 * dy, 0.0) + dp * torch.sign(s)"
    page = PAGE.format("p = s.abs(); y = torch.where(p < 1, s**3, 2 * p)", "s (N, C)", RANDN, given + answer, given + right)
    report = check(*write(tmp_path, page, given + answer), zygote)
    assert report.submission is not None
    (wrong,) = (d for gradient in report.gradients for d in gradient.diagnoses)
    assert wrong.span is not None
    row, begin, _, end = wrong.span
    assert report.submission.lines[row - 1][begin:end] == under


def test_each_of_two_constants_is_told_at_its_own_term(tmp_path: Path, zygote: Zygote) -> None:
    given, right = "du = y * dy; dv = torch.exp(u) * dy; da = dv + du", "du = y * dy; dv = torch.exp(u) * dy; da = c * du + dv / d"
    page = PAGE.format("u = c * a; v = a / d; y = torch.exp(u) * v", "a (N)", "torch.randn; c = 0.4; d = 3.0", given, right)
    report = check(*write(tmp_path, page, given), zygote)
    assert report.submission is not None
    found = [d for gradient in report.gradients for d in gradient.diagnoses]
    spans = [d.span for d in found if d.span is not None]
    under = [report.submission.lines[row - 1][begin:end] for row, begin, _, end in spans]
    assert dict(zip(under, (d.error for d in found), strict=True)) == {"dv": "this lacks the factor 1/d", "du": "this lacks the factor c"}


GATED = '''"""A gate."""
import torch
def inputs(N=5, C=3):
    return dict(z=torch.randn(N, C), a=torch.randn(N, C), b=torch.randn(N, C))
def forward(z, a, b):
    g = torch.sigmoid(z)    # (N, C)
    y = g * a + b           # (N, C)
    return y
def backward(z, a, b, g, y, dy):
    dz = ...
'''


def test_a_gradient_that_is_not_asked_for_is_a_name_of_the_learners(tmp_path: Path, zygote: Zygote) -> None:
    exercise, path = tmp_path / "ex01_gate.py", tmp_path / "answer.py"
    exercise.write_text(GATED)
    path.write_text(GATED.replace("dz = ...", "dg = b * dy\n    dz = g * (1 - g) * dg"))
    report = check(exercise, path, zygote)
    said(report, r"`b` stands where another", r"this is not the derivative|which tensor decides")
    (gradient,) = report.gradients
    assert report.submission is not None and gradient.diagnoses[0].span is not None
    assert report.submission.lines[gradient.diagnoses[0].span[0] - 1].strip() == "dg = b * dy"


@pytest.mark.parametrize(
    ("forward", "inputs", "answer", "right", "must", "never"),
    [
        # Nothing comes back through a sign; the numbers that it is multiplied with are no source.
        ("p = torch.sign(a) * b; q = a * b; y = p + q", RANDN, "dp = dy; dq = dy; da = dq", "dp = dy; dq = dy; da = b * dq", r"is made from dq \(N, C\)\.", r"and dq|dp \(N, C\) and"),
        ("p = torch.sign(a) * b; r = p * 2; q = a * b; y = r + q", RANDN, "dq = dy; da = dq", "dq = dy; da = b * dq", r"is made from dq \(N, C\)\.", r"the gradient of r and"),
        # A name that has no value is not said to be one number.
        ("y = torch.sqrt(a * a + b); loss = y.sum()", "torch.rand + 0.5", "da = dloss * a / y", "da = a / y", r"In there, a is \(N, C\) and y is", r"dloss is"),
    ],
)  # fmt: skip
def test_the_first_hint_names_what_is_there(
    forward: str, inputs: str, answer: str, right: str, must: str, never: str, tmp_path: Path, zygote: Zygote
) -> None:
    report = check(*write(tmp_path, PAGE.format(forward, "a (N, C), b (N, C)", inputs, answer, right), answer), zygote)
    wrong = [g for g in report.gradients if g.diagnoses]
    hints = [" ".join(ladder(report, g, taught)[0].split()) for g, taught in taught_by(report, *wrong)]
    assert any(re.search(must, hint) for hint in hints), hints
    assert not any(re.search(never, hint) for hint in hints), hints
