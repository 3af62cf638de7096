"""Log of a sum of exponentials: its gradient is the softmax.

e holds the exponentials of each row, t their sum, and lse its logarithm: a smooth maximum, the
heart of every cross-entropy.
Go back step by step; then look at what dx became: dlse times e / t.
That is the softmax of the row, and it adds up to 1.
"""

import torch


def inputs(N=5, C=7):
    return dict(
        x=torch.randn(N, C),
    )


def forward(x):
    e = torch.exp(x)                  # (N, C)
    t = e.sum(1, keepdim=True)        # (N, 1)
    lse = torch.log(t)                # (N, 1)
    return lse


def backward(x, e, t, lse, dlse):
    # why: The slope of a logarithm is 1 over what went in. Times upstream.
    dt = dlse / t                     # (N, 1)
    # why: A sum moves one for one with each of its terms: the whole row receives its dt.
    de = torch.ones_like(e) * dt      # (N, C)
    # why: The slope of exp is its own output, e.
    dx = e * de                       # (N, C)
