"""Exponential: the slope is the output itself.

At every point, the slope of exp is as large as exp is there.
At a = 3 the output c is 20.0855, and the slope is 20.0855 too.
The forward has already computed this number for every element, and has named it c.

c is the output, and its gradient dc is given: random numbers.
"""

import torch


def inputs(N=5):
    return dict(
        a=torch.randn(N),
    )


def forward(a):
    c = torch.exp(a)                  # (N,)
    return c


def backward(a, c, dc):
    # why: exp is its own derivative, and c is exp(a) already.
    #      Chain rule: local derivative times upstream.
    da = c * dc                       # (N,)
