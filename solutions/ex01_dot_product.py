"""Dot product: each vector receives the other one.

c = a[0]*b[0] + a[1]*b[1] + ... is one number.
Raise a[1] by a little, and c grows b[1] times as much.
Ask the same of every element of a, then of every element of b, and both gradients are there.

The notebook of this course tests it in cell 47 with (a + h) @ b, and gets 12.001.
That moves all elements of a at once, so it finds the sum of the gradient:
5 + 4 + 3 = 12, up to rounding.
`backprop-check ex01 --numeric` moves one element at a time, and finds the gradient itself.
"""

import torch


def inputs(N=3):
    return dict(
        a=torch.randn(N),
        b=torch.randn(N),
    )


def forward(a, b):
    c = a @ b                         # ()
    return c


def backward(a, b, c):
    # why: In a product, each factor's slope is the other factor. a[i] appears once, next to b[i].
    da = b                            # (N,)
    # why: In a product, each factor's slope is the other factor. b[i] is multiplied by a[i] and by nothing else.
    db = a                            # (N,)
