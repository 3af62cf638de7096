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
    # why: Where the condition holds, small was taken, and moves cost one for one; elsewhere not at all.
    dsmall = torch.where(near, dcost, 0)  # (N, C)
    # why: large has what is left: the places where the condition fails.
    dlarge = torch.where(near, 0, dcost)  # (N, C)
    # why: r made both. The slope of r**2 / 2 is r, that of abs is the sign. Gradients add.
    dr = r * dsmall + torch.sign(r) * dlarge  # (N, C)
    # why: What something is taken away from gets the gradient unchanged.
    da = dr                           # (N, C)
    # why: What is taken away moves the difference the other way.
    db = -dr                          # (N, C)
