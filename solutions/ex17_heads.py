"""Reshape and permute: the same numbers, in other places.

x holds D numbers for each of T steps.
For H heads they are cut into H pieces of D / H numbers, and the heads' axis is brought to the
front.
Nothing is computed: every number of h is a number of x, so the gradient only has to go back to the
place its number came from.

The way back is the same steps in the opposite order: first undo the permutation, then the view.
A reshape alone has the right shape as well, and scrambles the numbers.
"""

import torch

SIZES = [dict(B=2, T=5, H=3, K=4, D=12), dict(B=3, T=8, H=2, K=5, D=10), dict(B=5, T=3, H=4, K=2, D=8)]


def inputs(B=2, T=5, H=3, K=4, D=12):
    return dict(
        x=torch.randn(B, T, D),
        heads=H,
    )


def forward(x, heads):
    cut = x.reshape(x.shape[0], x.shape[1], heads, -1)  # (B, T, H, K)
    h = cut.permute(0, 2, 1, 3)                         # (B, H, T, K)
    return h


def backward(x, heads, cut, h, dh):
    # why: permute put axis 2 in place 1; the same swap puts it back.
    dcut = dh.permute(0, 2, 1, 3)     # (B, T, H, K)
    # why: The reshape only grouped the last axis into heads: group it back.
    dx = dcut.reshape(x.shape)        # (B, T, D)
