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
    ddrop = ...                       # (N, C)
    dh = ...                          # (N, C)
    dW = ...                          # (C, C)
    dx = ...                          # (N, C)
