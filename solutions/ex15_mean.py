"""Mean: everyone pays one share.

m is the mean of each row: the sum of its C numbers, divided by C.
Raise one of them by a little, and the mean grows by a C-th of that.

Then d = x - m: x is used directly and through the mean, and m is used by every number of its row.
"""

import torch


def inputs(N=5, C=7):
    return dict(
        x=torch.randn(N, C),
    )


def forward(x):
    m = x.mean(1, keepdim=True)       # (N, 1)
    d = x - m                         # (N, C)
    return d


def backward(x, m, d, dd):
    # why: d falls as m rises: slope -1. m was stretched over its row, so the row is summed.
    dm = -dd.sum(1, keepdim=True)     # (N, 1)
    # why: Two paths end in x. Directly, a plus hands dd on unchanged. Through the mean, each of the C
    #      numbers of a row moved it by a C-th.
    dx = dd + dm / x.shape[1]         # (N, C)
