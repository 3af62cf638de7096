"""Max pool: a number can win twice.

Of each three neighbours in a row the largest is kept; then the window moves on by two, so
neighbouring windows share a number. `x.unfold(1, 3, 2)` lays the windows side by side: L windows of
three, each of them a copy of its part of x.

First each window gives dy to its winner. Then the windows go back to where they were cut out.
Where two overlap, gradients add.
Which places these are can be had by cutting the places as x was cut: torch.arange(T).unfold(0, 3, 2).
Or take the windows' first, second and third numbers by themselves: each of these came from a slice of
x of its own, every second place from 0, 1 or 2 on.
"""

import torch
import torch.nn.functional as F


def inputs(N=5, T=15):
    return dict(
        x=torch.randn(N, T),
    )


def forward(x):
    windows = x.unfold(1, 3, 2)       # (N, L, 3)
    y = windows.max(2).values         # (N, L)
    return y


def backward(x, windows, y, dy):
    dwindows = ...                    # (N, L, 3)
    dx = ...                          # (N, T)
