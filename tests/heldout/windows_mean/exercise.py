"""Overlapping windows of a sequence, one layer on each window, then the average over time."""

import torch

SIZES = [dict(B=5, T=11, K=4, C=2), dict(B=3, T=12, K=2, C=6), dict(B=2, T=10, K=5, C=4)]


def inputs(B=4, T=9, K=3, C=5):
    return dict(
        x=torch.randn(B, T),
        w=torch.randn(K, C),
        b=torch.randn(C),
        v=torch.randn(C),
        t=torch.randn(B),
    )


def forward(x, w, b, v, t):
    K = w.shape[0]
    win = x.unfold(1, K, 1)  # (B, L, K)
    z = win @ w + b  # (B, L, C)
    a = torch.tanh(z)  # (B, L, C)
    pooled = a.mean(1)  # (B, C)
    diff = pooled @ v - t  # (B,)
    loss = (diff**2).mean()  # ()
    return loss


def backward(x, w, b, v, t, K, win, z, a, pooled, diff, loss):
    ddiff = ...
    dpooled = ...
    dv = ...
    da = ...
    dz = ...
    db = ...
    dw = ...
    dwin = ...
    dx = ...
