"""Concatenation: cut the gradient where the values were joined.

a has C columns and b has K. joined holds both, side by side, and W multiplies them at once.
The gradient of joined has C + K columns: the first C belong to a, the others to b.
Nothing is added up, nothing is scaled.
"""

import torch


def inputs(N=5, C=3, K=4, M=2):
    return dict(
        a=torch.randn(N, C),
        b=torch.randn(N, K),
        W=torch.randn(C + K, M),
    )


def forward(a, b, W):
    joined = torch.cat([a, b], 1)     # (N, C + K)
    y = joined @ W                    # (N, M)
    return y


def backward(a, b, W, joined, y, dy):
    djoined = ...                     # (N, C + K)
    dW = ...                          # (C + K, M)
    da = ...                          # (N, C)
    db = ...                          # (N, K)
