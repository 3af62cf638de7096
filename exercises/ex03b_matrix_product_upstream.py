"""Matrix product, any upstream: sums of rows and columns are no longer enough.

The product of ex03 again, but now c is the output and its gradient dc is given: random numbers.
In ex03 dc was all ones, and a product with ones only adds up rows or columns.
So the notebook could answer with b.sum(1) and a.sum(0): right there, and nowhere else.

Here every c[i, j] has its own weight dc[i, j], and both answers must carry it.
"""

import torch


def inputs(N=5, K=3, M=7):
    return dict(
        a=torch.randn(N, K),
        b=torch.randn(K, M),
    )


def forward(a, b):
    c = a @ b                         # (N, M)
    return c


def backward(a, b, c, dc):
    da = ...                          # (N, K)
    db = ...                          # (K, M)
