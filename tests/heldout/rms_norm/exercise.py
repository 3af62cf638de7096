"""RMS norm, then a projection: every token is divided by its own root mean square.

One number per token scales the whole row, and that number depends on the whole row.
"""

import torch


def inputs(N=5, T=4, C=6, M=3):
    return dict(x=torch.randn(N, T, C) + 0.5, g=torch.randn(C) * 0.3 + 1, P=torch.randn(M, C))


def forward(x, g, P):
    ms = x.pow(2).mean(-1, keepdim=True)  # (N, T, 1)
    r = (ms + 0.001) ** -0.5  # (N, T, 1)
    xn = x * r  # (N, T, C)
    out = xn * g  # (N, T, C)
    y = out @ P.T  # (N, T, M)
    return y


def backward(x, g, P, ms, r, xn, out, y, dy):
    dout = ...  # (N, T, C)
    dP = ...  # (M, C)
    dg = ...  # (C)
    dxn = ...  # (N, T, C)
    dr = ...  # (N, T, 1)
    dms = ...  # (N, T, 1)
    dx = ...  # (N, T, C)
