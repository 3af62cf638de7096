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
    # why: djoined lacks the axis M, so dy and W meet on it: (N, M) @ (M, C + K).
    djoined = dy @ W.T                # (N, C + K)
    # why: Every row used W: (C + K, N) @ (N, M) sums over the rows.
    dW = joined.T @ dy                # (C + K, M)
    # why: The first C columns of joined are a's.
    da = djoined[:, :a.shape[1]]      # (N, C)
    # why: All columns behind them are b's.
    db = djoined[:, a.shape[1]:]      # (N, K)
