"""Elementwise product, any upstream: the slope is only half of the answer.

The product of ex06 again, but now c is the output and its gradient dc is given: random numbers.
In ex06 dc was all ones, so the slope alone looked like the whole gradient. Here it does not.

dc[i, j] says how much the loss cares about c[i, j]. Weigh each slope with it, in its own place.
"""

import torch


def inputs(N=7, C=3):
    return dict(
        a=torch.randn(N, C),
        b=torch.randn(N, C),
    )


def forward(a, b):
    c = a * b                         # (N, C)
    return c


def backward(a, b, c, dc):
    # why: Chain rule: local derivative times upstream.
    #      a[i, j] moves c[i, j] by b[i, j], and c[i, j] moves the loss by dc[i, j].
    da = b * dc                       # (N, C)
    # why: Chain rule: local derivative times upstream.
    #      b[i, j] moves c[i, j] by a[i, j], and c[i, j] moves the loss by dc[i, j].
    db = a * dc                       # (N, C)
