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
    # why: Each number of w met one slice of x, at every place of every row: sum over all of them.
    dw = torch.stack([(x[:, :-2] * dy).sum(), (x[:, 1:-1] * dy).sum(), (x[:, 2:] * dy).sum()])  # (3,)
    # why: Each slice sends w[k] dy back to the places it came from; pad says how many places lie
    #      before and behind it. Where slices overlap, gradients add.
    dx = w[0] * F.pad(dy, (0, 2)) + w[1] * F.pad(dy, (1, 1)) + w[2] * F.pad(dy, (2, 0))  # (N, T)
