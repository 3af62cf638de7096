"""ReLU: a gate that is open or closed.

r keeps what is above 0 and replaces the rest by 0.
Where z is above 0, r moves one for one with it; below, it does not move at all.
The gate depends on z (or on r, which is above 0 in just the same places), never on what comes back.

o is the output, and its gradient do is given.
"""

import torch


def inputs(N=7, C=5):
    return dict(
        z=torch.randn(N, C),
        w=torch.randn(C),
    )


def forward(z, w):
    r = torch.relu(z)                 # (N, C)
    o = r * w                         # (N, C)
    return o


def backward(z, w, r, o, do):
    dr = ...                          # (N, C)
    dw = ...                          # (C,)
    dz = ...                          # (N, C)
