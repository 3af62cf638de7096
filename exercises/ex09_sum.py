"""Sum: each term receives the whole gradient.

b[i] adds up row i of a.
Raise any one number of that row by a little, and b[i] grows by just as much.
So b[i] does not share its gradient out among the C terms: each of them receives all of it.

b has lost the axis that was summed, and a still has it. Put it back before db meets a.
"""

import torch


def inputs(N=7, C=5):
    return dict(
        a=torch.randn(N, C),
    )


def forward(a):
    b = a.sum(1)                      # (N,)
    c = torch.square(b).sum()         # ()
    return c


def backward(a, b, c):
    db = ...                          # (N,)
    da = ...                          # (N, C)
