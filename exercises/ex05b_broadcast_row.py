"""Broadcasting a row: one number scales a whole column.

gain holds one number per column and has no row axis at all: its shape is (C,), not (1, C).
Multiplying lends it that axis, so the same C numbers are used again in each of the N rows.
On the way back the lent axis must go again: dgain has the shape of gain.

act is the output, and its gradient dact is given: random numbers, so that leaving it out shows.
"""

import torch


def inputs(N=7, C=3):
    return dict(
        x=torch.randn(N, C),
        gain=torch.randn(C),
    )


def forward(x, gain):
    scaled = x * gain                 # (N, C)
    act = torch.tanh(scaled)          # (N, C)
    return act


def backward(x, gain, scaled, act, dact):
    dscaled = ...                     # (N, C)
    dx = ...                          # (N, C)
    dgain = ...                       # (C,)
