"""A residual block with inverted dropout: x + dropout(relu(x @ W1)) @ W2.

The kept units were divided by the probability of keeping them; x feeds the block and goes round it too.
"""

import torch
import torch.nn.functional as F


def inputs(N=9, C=5, H=7):
    return dict(
        x=torch.randn(N, C),
        W1=torch.randn(C, H) * 0.5,
        W2=torch.randn(H, C) * 0.5,
        keep=torch.rand(N, H) < 0.7,
        p=0.7,
    )


def forward(x, W1, W2, keep, p):
    a = x @ W1  # (N, H)
    r = F.relu(a)  # (N, H)
    d = r * keep / p  # (N, H)
    y = x + d @ W2  # (N, C)
    return y


def backward(x, W1, W2, keep, p, a, r, d, y, dy):
    dd = ...  # (N, H)
    dW2 = ...  # (H, C)
    dr = ...  # (N, H)
    da = ...  # (N, H)
    dW1 = ...  # (C, H)
    dx = ...  # (N, C)
