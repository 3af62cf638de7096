"""Broadcasting both ways: a column plus a row makes a table.

u holds one number per row and v one per column.
Neither is a table, yet their sum is: u is stretched along axis 1, v along axis 0.
Written by mistake, with a missing axis somewhere, this is how a wrong gradient grows to a table
without any error.
Here it is meant: sim[i, j] belongs to the pair i, j.

What was stretched along an axis is summed over it on the way back, and keeps the shape it had.
"""

import torch


def inputs(N=5, M=4):
    return dict(
        u=torch.randn(N, 1),
        v=torch.randn(M),
        W=torch.randn(N, M),
    )


def forward(u, v, W):
    sim = u + v                       # (N, M)
    out = torch.exp(sim) * W          # (N, M)
    return out


def backward(u, v, W, sim, out, dout):
    dW = ...                          # (N, M)
    dsim = ...                        # (N, M)
    du = ...                          # (N, 1)
    dv = ...                          # (M,)
