"""Mixture of experts: a gate weighs what two experts say.

Both experts read the same x; p says, per row, how much each counts. y is the weighted sum.
Each expert receives its own weight times dy.
The gate receives, per row, how well each expert's answer agrees with dy: a sum over the row.
"""

import torch


def inputs(N=5, D=3, C=4):
    return dict(
        x=torch.randn(N, D),
        Wg=torch.randn(D, 2),
        A=torch.randn(D, C),
        B=torch.randn(D, C),
    )


def forward(x, Wg, A, B):
    p = torch.softmax(x @ Wg, 1)      # (N, 2)
    a = x @ A                         # (N, C)
    b = x @ B                         # (N, C)
    y = p[:, :1] * a + p[:, 1:] * b   # (N, C)
    return y


def backward(x, Wg, A, B, p, a, b, y, dy):
    da = ...                          # (N, C)
    db = ...                          # (N, C)
    dp = ...                          # (N, 2)
    dWg = ...                         # (D, 2)
    dA = ...                          # (D, C)
    dB = ...                          # (D, C)
    dx = ...                          # (N, D)
