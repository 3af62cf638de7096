"""Where: each place takes one of two ways.

The cost of an error r: a parabola while it is small, a straight line where it is large, so that one
wild measurement does not rule the whole (Huber's loss).
torch.where(near, small, large) takes, at each place, one of the two.

What was not taken did not move the result: at that place its gradient is 0. The other one receives
all of dcost. r made both, and collects from both. near is no number and has no gradient.

torch.sign gives 1, -1 or 0: the slope of abs.
"""

import torch


def inputs(N=7, C=5):
    return dict(
        a=2 * torch.randn(N, C),
        b=torch.randn(N, C),
    )


def forward(a, b):
    r = a - b                         # (N, C)
    near = r.abs() < 1                # (N, C)
    small = r**2 / 2                  # (N, C)
    large = r.abs() - 0.5             # (N, C)
    cost = torch.where(near, small, large)  # (N, C)
    return cost


def backward(a, b, r, near, small, large, cost, dcost):
    dsmall = ...                      # (N, C)
    dlarge = ...                      # (N, C)
    dr = ...                          # (N, C)
    da = ...                          # (N, C)
    db = ...                          # (N, C)
