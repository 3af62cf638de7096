"""Layer normalisation: each row by itself.

Each row is shifted by its own mean and divided by its own spread; gain and bias are shared by all
rows. m and r belong to a row, so what comes back to them is summed along the row. gain and bias
belong to a column, and collect from all rows.

The row's numbers reach xhat in three ways: directly, through the mean, and through the spread. eps
keeps the root away from 0.
"""

import torch


def inputs(N=5, C=7):
    return dict(
        x=torch.randn(N, C),
        gain=torch.randn(C),
        bias=torch.randn(C),
    )


def forward(x, gain, bias):
    m = x.mean(1, keepdim=True)       # (N, 1)
    d = x - m                         # (N, C)
    v = (d**2).mean(1, keepdim=True)  # (N, 1)
    r = (v + 1e-5)**-0.5              # (N, 1)
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
    # why: r was stretched over its row, so the row is summed and its axis kept.
    dr = (d * dxhat).sum(1, keepdim=True)     # (N, 1)
    # why: Bring the exponent down and lower it by one: -0.5 (v + eps)**-1.5, which is -0.5 r**3.
    dv = -0.5 * r**3 * dr                     # (N, 1)
    # why: d is used twice: in the product with r, and squared in the mean of the row, which gives 2 d
    #      and a C-th.
    dd = r * dxhat + 2 * d / d.shape[1] * dv  # (N, C)
    # why: d falls as m rises, for the whole row.
    dm = -dd.sum(1, keepdim=True)             # (N, 1)
    # why: x is used twice: directly, and in the mean, a C-th each.
    dx = dd + dm / x.shape[1]                 # (N, C)
