"""Batch normalisation: each column by itself.

Layer normalisation turned round: mean and spread are those of a column, taken over the N rows of the
batch. So an example's result hangs on who else is in its batch, and its gradient does, too.
gain and bias belong to a column as well: all four collect from the rows.

A column's number reaches xhat in three ways: directly, through the mean, and through the spread.
v divides by N, as torch does in training; ex13 has the other convention, N - 1.
"""

import torch


def inputs(N=7, C=3):
    return dict(
        x=torch.randn(N, C),
        gain=torch.randn(C),
        bias=torch.randn(C),
    )


def forward(x, gain, bias):
    m = x.mean(0)                     # (C,)
    d = x - m                         # (N, C)
    v = (d**2).mean(0)                # (C,)
    r = (v + 1e-5)**-0.5              # (C,)
    xhat = d * r                      # (N, C)
    y = gain * xhat + bias            # (N, C)
    return y


def backward(x, gain, bias, m, d, v, r, xhat, y, dy):
    # why: bias was added to every row.
    dbias = dy.sum(0)                         # (C,)
    # why: gain multiplied every row.
    dgain = (xhat * dy).sum(0)                # (C,)
    # why: In a product, each factor's slope is the other factor.
    dxhat = gain * dy                         # (N, C)
    # why: r was stretched over the rows, so they are summed.
    dr = (d * dxhat).sum(0)                   # (C,)
    # why: Bring the exponent down and lower it by one: -0.5 (v + eps)**-1.5, which is -0.5 r**3.
    dv = -0.5 * r**3 * dr                     # (C,)
    # why: d is used twice: in the product with r, and squared in the mean of its column, which gives 2 d
    #      and an N-th.
    dd = r * dxhat + 2 * d / d.shape[0] * dv  # (N, C)
    # why: d falls as m rises, for the whole column.
    dm = -dd.sum(0)                           # (C,)
    # why: x is used twice: directly, and in the mean, an N-th each.
    dx = dd + dm / x.shape[0]                 # (N, C)
