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
    dq = ...                          # (N, C)
    dd = ...                          # (N, C)
