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
    # why: A maximum has slope 1 at its winner and 0 elsewhere: one_hot draws that table. Times upstream.
    dwindows = F.one_hot(windows.argmax(2), 3) * dy.unsqueeze(2)  # (N, L, 3)
    # why: Number k of each window came from every second place of x, from k on. index_add_ adds it there,
    #      and adds again where the next window begins.
    dx = torch.zeros_like(x).index_add_(1, torch.arange(x.shape[1]).unfold(0, 3, 2).flatten(), dwindows.flatten(1))  # (N, T)
