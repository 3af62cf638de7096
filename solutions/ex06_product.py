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
    # why: A sum counts each of its terms once, so each c[i, j] moves d one for one.
    dc = torch.ones_like(c)           # (N, C)
    # why: In a product, each factor's slope is the other factor.
    #      Multiply by the upstream dc, element by element.
    da = b * dc                       # (N, C)
    # why: In a product, each factor's slope is the other factor: b[i, j] moves c[i, j] by a[i, j].
    db = a * dc                       # (N, C)
