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
    # why: The slope of a square is twice what was squared,
    #      and the sum after it counts each square once.
    db = 2 * b                                 # (N,)
    # why: A sum hands its gradient to every one of its terms, with slope 1.
    #      unsqueeze(1) puts the summed axis back, and the ones stretch db along it.
    da = torch.ones_like(a) * db.unsqueeze(1)  # (N, C)
