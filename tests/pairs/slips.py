"""What the pairs in NumPy run on, and slips in their backwards: by pair the text, and what stands there instead."""

from __future__ import annotations

from typing import Any

import numpy as np

_normal = np.random.default_rng(0).standard_normal
_labels = np.random.default_rng(1).integers

INPUTS: dict[str, tuple[Any, ...]] = {
    "affine": (_normal((4, 2, 3)), _normal((6, 5)), _normal(5)),
    "relu": (_normal((4, 3)),),
    "batchnorm": (_normal((5, 3)), _normal(3), _normal(3), {"mode": "train"}),
    "layernorm": (_normal((4, 5)), _normal(5), _normal(5), {}),
    "dropout": (_normal((4, 5)), {"p": 0.6, "mode": "train", "seed": 3}),
    "conv|_naive": (_normal((2, 3, 4, 4)), _normal((2, 3, 3, 3)), _normal(2), {"stride": 1, "pad": 1}),
    "max_pool|_naive": (_normal((2, 2, 4, 4)), {"pool_height": 2, "pool_width": 2, "stride": 2}),
    "softmax": (_normal((5, 4)), _labels(0, 4, 5)),
    "rnn_step": (_normal((3, 4)), _normal((3, 5)), _normal((4, 5)), _normal((5, 5)), _normal(5)),
    "rnn": (_normal((2, 3, 4)), _normal((2, 5)), _normal((4, 5)), _normal((5, 5)), _normal(5)),
    "lstm_step": (_normal((3, 4)), _normal((3, 5)), _normal((3, 5)), _normal((4, 20)), _normal((5, 20)), _normal(20)),
    "word_embedding": (_labels(0, 5, (3, 4)), _normal((5, 3))),
}

SLIPS: list[tuple[str, str, str, str]] = [
    ("affine", "db = np.sum(dout, axis=0)", "db = np.mean(dout, axis=0)", "this averages what should be added up"),
    ("affine", "x.reshape(x.shape[0], -1).T.dot(dout)", "dout.T.dot(x.reshape(x.shape[0], -1))", "You built the transpose of dw"),
    ("affine", "np.sum(dout, axis=0)", "np.sum(dout, axis=0, keepdims=True)", "without `keepdims` the sum takes it away"),
    ("relu", "(x > 0)", "(dout > 0)", "`out = np.maximum(0, x)` decides that by its own values"),
    ("relu", "dout * (x > 0)", "dout * x", ""),
    ("relu", "dx = dout * (x > 0)\n", "dx = (x > 0).astype(float)\n", "this is a mask"),
    ("batchnorm", "+ dmean / N", "+ dmean", "`dmean` lacks the factor 1/x.shape[0]"),
    ("batchnorm", "np.sum(dout * x_norm, axis=0)", "np.sum(dout * x, axis=0)", "`x` stands where another array belongs"),
    ("batchnorm", "** -1.5", "** -0.5", "rests on `dvar`, which is wrong"),
    ("batchnorm", "dvar * 2 * (x - mean) / N", "dvar * (x - mean) / N", "`/ 5` is not the constant that belongs here"),
    ("layernorm", "dbeta = dout.sum(axis=0)", "dbeta = dout.sum(axis=1)", "Let `sum` run over axis 0"),
    ("layernorm", "- xhat * np.sum(dxhat * xhat, axis=1, keepdims=True)", "", "what goes from xc through var does not come back here"),
    ("layernorm", "np.sum(dxhat, axis=1, keepdims=True)", "np.sum(dxhat, axis=0, keepdims=True)", "Axis 1 is the one that belongs here"),
    ("dropout", "dx = dout * mask", "dx = dout * (mask > 0)", ""),
    ("dropout", "dx = dout * mask", "dx = dout", "its derivative with respect to x is missing"),
    ("conv|_naive", "dw[f] +=", "dw[f] =", "this `=` throws away what `dw[f]` already held"),
    ("conv|_naive", "np.sum(dout, axis=(0, 2, 3))", "np.sum(dout, axis=(0, 1, 2))[:F]", "axis 1 is not the one that belongs here"),
    ("conv|_naive", "+= w[f] * dout", "-= w[f] * dout", "opposite sign"),
    ("conv|_naive", "np.sum(dout, axis=(0, 2, 3))", "np.mean(dout, axis=(0, 2, 3))", "this averages what should be added up"),
    ("max_pool|_naive", "mask * dout[n, c, i, j]", "mask * window * dout[n, c, i, j]", "`window` is a factor too many"),
    ("max_pool|_naive", "+= mask * dout[n, c, i, j]", "+= dout[n, c, i, j]", ""),
    ("max_pool|_naive", "dx[n, c, i*s:i*s+ph, j*s:j*s+pw] +=", "dx[n, c, i*s:i*s+ph, j*s:j*s+pw] -=", "sign"),
    ("softmax", "    dscores /= N\n", "", "the factor 1/5 is missing"),
    ("softmax", "-= 1", "+= 1", "the sign of this `+=` is wrong"),
    ("softmax", "    dscores[np.arange(N), y] -= 1\n", "", "right everywhere but at the places y points to"),
    ("rnn_step", "(1 - next_h ** 2)", "(1 - next_h)", "`next_h` does not stand to the right power here"),
    ("rnn_step", "dWh = prev_h.T.dot(dt)", "dWh = next_h.T.dot(dt)", "`next_h` stands where another array belongs"),
    ("rnn_step", "dprev_h = dt.dot(Wh.T)", "dprev_h = dt.dot(Wh)", "`Wh` has to be turned here"),
    ("rnn", "dWh += dWh_t", "dWh = dWh_t", "this `=` throws away what `dWh` already held"),
    ("rnn", "dh[:, t, :] + dprev", "dh[:, t, :]", "`dprev` does not come in here"),
    ("rnn", "db += db_t", "db -= db_t", "the sign of this `-=` is wrong"),
    ("lstm_step", "dc = dnext_c + dnext_h", "dc = dnext_h", "`dnext_c` does not come in here"),
    ("lstm_step", "df = dc * prev_c", "df = dc * next_c", "`prev_c` comes in nowhere"),
    ("lstm_step", "dg * (1 - g ** 2)", "dg * g * (1 - g)", "is the derivative of sigmoid"),
    ("word_embedding", "np.add.at(dW, x, dout)", "dW[x] += dout", "Accumulate: `np.add.at`"),
    ("word_embedding", "np.add.at(dW, x, dout)", "dW[x] = dout", "only one of its gradients is kept"),
]  # fmt: skip


def names(pair: str) -> tuple[str, str]:
    """The names of a pair's forward and backward."""
    first, last = [*pair.split("|"), ""][:2]
    return f"{first}_forward{last}", f"{first}_backward{last}"
