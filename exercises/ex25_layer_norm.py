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
    dbias = ...                       # (C,)
    dgain = ...                       # (C,)
    dxhat = ...                       # (N, C)
    dr = ...                          # (N, 1)
    dv = ...                          # (N, 1)
    dd = ...                          # (N, C)
    dm = ...                          # (N, 1)
    dx = ...                          # (N, C)
