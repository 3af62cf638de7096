"""LoRA: learn a small correction of a large layer.

W stays as it was trained.
Beside it two thin matrices, A and B, make a correction of rank R, scaled by a constant.
Only A and B would be updated, but W and x have gradients all the same, and x collects from both
paths.
"""

import torch

scale = 0.5


def inputs(N=7, D=5, K=4, R=2):
    return dict(
        x=torch.randn(N, D),
        W=torch.randn(D, K),
        A=torch.randn(D, R),
        B=torch.randn(R, K),
    )


def forward(x, W, A, B):
    low = x @ A                       # (N, R)
    y = x @ W + scale * (low @ B)     # (N, K)
    return y


def backward(x, W, A, B, low, y, dy):
    # why: dW lacks the axis N: (D, N) @ (N, K) sums over the rows.
    dW = x.T @ dy                     # (D, K)
    # why: The correction was scaled, so what comes back is scaled: (R, N) @ (N, K).
    dB = scale * (low.T @ dy)         # (R, K)
    # why: dlow lacks the axis K, so dy and B meet on it.
    dlow = scale * (dy @ B.T)         # (N, R)
    # why: (D, N) @ (N, R) sums over the rows.
    dA = x.T @ dlow                   # (D, R)
    # why: x fed both paths.
    dx = dy @ W.T + dlow @ A.T        # (N, D)
