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
    dbias = ...                       # (C,)
    dgain = ...                       # (C,)
    dxhat = ...                       # (N, C)
    dr = ...                          # (C,)
    dv = ...                          # (C,)
    dd = ...                          # (N, C)
    dm = ...                          # (C,)
    dx = ...                          # (N, C)
