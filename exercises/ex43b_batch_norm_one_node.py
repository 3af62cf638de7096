"""Batch normalisation in one node: the gradient, less its mean, less its share of xhat.

The lines of ex43 in one call, as every training loop has it. Put together, what comes back to x is
short. xhat cannot move in two ways: its mean stays 0, and its spread stays 1.
So of dxhat two things never arrive: its column's mean, and what points along xhat, which is xhat
times the mean of xhat * dxhat. What is left is divided by the spread.

The spread is the root of the variance over N (`unbiased=False`) plus 1e-5.
"""

import torch
import torch.nn.functional as F


def inputs(N=7, C=3):
    return dict(
        x=torch.randn(N, C),
        gain=torch.randn(C),
    )


def forward(x, gain):
    xhat = F.batch_norm(x, None, None, training=True)  # (N, C)
    y = gain * xhat                   # (N, C)
    return y


def backward(x, gain, xhat, y, dy):
    dgain = ...                       # (C,)
    dxhat = ...                       # (N, C)
    dx = ...                          # (N, C)
