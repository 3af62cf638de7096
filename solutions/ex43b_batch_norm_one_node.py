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
    # why: gain multiplied every row.
    dgain = (xhat * dy).sum(0)        # (C,)
    # why: In a product, each factor's slope is the other factor.
    dxhat = gain * dy                 # (N, C)
    # why: Directly, x moves xhat by 1 over the spread. The two means are the paths through the column's
    #      mean and through its spread: raise one number, and all of its column are measured anew.
    dx = (dxhat - dxhat.mean(0) - xhat * (xhat * dxhat).mean(0)) / torch.sqrt(x.var(0, unbiased=False) + 1e-5)  # (N, C)
