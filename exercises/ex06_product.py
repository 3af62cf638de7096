"""Elementwise product: each number meets one partner.

a, b and c have the same shape. c[i, j] is a[i, j] times b[i, j], and no other element takes part.
Raise a[2, 1] by a little: only c[2, 1] moves, and it moves b[2, 1] times as much.

Nothing is shared and nothing is stretched, so there is nothing to sum on the way back.
"""

import torch


def inputs(N=7, C=3):
    return dict(
        a=torch.randn(N, C),
        b=torch.randn(N, C),
    )


def forward(a, b):
    c = a * b                         # (N, C)
    d = c.sum()                       # ()
    return d


def backward(a, b, c, d):
    dc = ...                          # (N, C)
    da = ...                          # (N, C)
    db = ...                          # (N, C)
