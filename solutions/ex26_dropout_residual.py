"""Dropout in a residual branch: the mask and its scale go back as they came.

A number is dropped where keep is False.
What stays is divided by 1 - p, the share that is kept, so that on average nothing changes. y adds x
to what the branch made of it: the plus hands dy to both, and x collects from both.

The mask is not drawn anew on the way back: the same numbers that were silent in the forward are
silent now.
"""

import torch

p = 0.25


def inputs(N=7, C=5):
    return dict(
        x=torch.randn(N, C),
        W=torch.randn(C, C),
        keep=torch.rand(N, C) > 0.25,
    )


def forward(x, W, keep):
    h = x @ W                         # (N, C)
    drop = h * keep / (1 - p)         # (N, C)
    y = x + drop                      # (N, C)
    return y


def backward(x, W, keep, h, drop, y, dy):
    # why: A plus hands its gradient on unchanged.
    ddrop = dy                        # (N, C)
    # why: Where a number was kept its slope is 1 / (1 - p), where it was dropped 0.
    dh = ddrop * keep / (1 - p)       # (N, C)
    # why: dW lacks the axis N: (C, N) @ (N, C) sums over the rows.
    dW = x.T @ dh                     # (C, C)
    # why: x is used twice: it goes straight on, and through the branch.
    dx = dy + dh @ W.T                # (N, C)
