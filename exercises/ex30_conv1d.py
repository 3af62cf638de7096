"""Convolution: one small filter, at every place.

y[t] is made of three neighbours of x: w[0] x[t] + w[1] x[t+1] + w[2] x[t+2], written here as three
slices, so that nothing is hidden.
The filter is used at every place, so its gradient adds up all places.
Each x takes part in up to three outputs, and collects from each.
"""

import torch
import torch.nn.functional as F


def inputs(N=2, T=7):
    return dict(
        x=torch.randn(N, T),
        w=torch.randn(3),
    )


def forward(x, w):
    y = w[0] * x[:, :-2] + w[1] * x[:, 1:-1] + w[2] * x[:, 2:]  # (N, T - 2)
    return y


def backward(x, w, y, dy):
    dw = ...                          # (3,)
    dx = ...                          # (N, T)
