"""Matrix times vector: all rows share one vector.

Each row of a meets the whole of b and makes one number of c: c[i] is the dot product of a[i] and b.
A row of a is used once, for its own c[i]. The vector b is used N times, once for every row.

What is used many times collects a gradient from every use.
"""

import torch


def inputs(N=5, K=3):
    return dict(
        a=torch.randn(N, K),
        b=torch.randn(K),
    )


def forward(a, b):
    c = a @ b                         # (N,)
    d = c.sum()                       # ()
    return d


def backward(a, b, c, d):
    dc = ...                          # (N,)
    da = ...                          # (N, K)
    db = ...                          # (K,)
