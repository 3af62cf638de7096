"""A 1-D convolution through overlapping windows.

unfold lays out every window of 3 neighbours; a sample sits in up to three windows, so its gradient adds up over them.
"""

import torch


SIZES = [dict(N=6, T=10, M=7), dict(N=7, T=13, M=5), dict(N=8, T=7, M=6)]


def inputs(N=5, T=9, M=4):
    return dict(x=torch.randn(N, T), w=torch.randn(M, 3) * 0.7, b=torch.randn(M))


def forward(x, w, b):
    win = x.unfold(1, 3, 1)  # (N, T-2, 3)
    z = win @ w.T + b  # (N, T-2, M)
    a = torch.where(z > 0, z, 0.1 * z)  # (N, T-2, M)
    y = a.mean(1)  # (N, M)
    return y


def backward(x, w, b, win, z, a, y, dy):
    da = ...  # (N, T-2, M)
    dz = ...  # (N, T-2, M)
    db = ...  # (M)
    dw = ...  # (M, 3)
    dwin = ...  # (N, T-2, 3)
    dx = ...  # (N, T)
