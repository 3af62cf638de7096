"""Variance: the square brings a 2, the mean brings a share.

v is the variance of each column over the N rows: the squared distances from the mean, added up and
divided by N - 1 (Bessel's correction, what `torch.var` does).
Dividing by N instead is the other convention; the gradient has whatever the forward divides by.

d is given here, the distances from the mean.
So that nothing hides, the mean itself is left out: it is part of ex15.
"""

import torch


def inputs(N=7, C=3):
    return dict(
        d=torch.randn(N, C),
    )


def forward(d):
    q = d**2                          # (N, C)
    v = q.sum(0) / (d.shape[0] - 1)   # (C,)
    return v


def backward(d, q, v, dv):
    # why: Each number of q counts once in its column's sum, divided by N - 1. dv has no row axis, so
    #      broadcasting hands one number to all rows of its column; ones_like(q) makes them visible.
    dq = torch.ones_like(q) * dv / (d.shape[0] - 1)  # (N, C)
    # why: The slope of d**2 is 2 d: the 2 comes from the power. Times upstream.
    dd = 2 * d * dq                                  # (N, C)
