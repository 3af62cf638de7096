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
    dW = ...                          # (D, K)
    dB = ...                          # (R, K)
    dlow = ...                        # (N, R)
    dA = ...                          # (D, R)
    dx = ...                          # (N, D)
