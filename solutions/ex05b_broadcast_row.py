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
    # why: The slope of tanh is 1 minus its output squared, and act is that output.
    #      Chain rule: local derivative times upstream.
    dscaled = (1 - act**2) * dact     # (N, C)
    # why: In a product, each factor's slope is the other factor.
    #      gain stretches over the rows here just as it did in the forward.
    dx = gain * dscaled               # (N, C)
    # why: What is used many times adds up what every use sends back. Each number of gain served its
    #      column in all N rows, so sum over axis 0, and let that axis go: gain never had it.
    dgain = (x * dscaled).sum(0)      # (C,)
