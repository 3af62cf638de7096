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
    # why: a[i, k] moves c[i, j] by b[k, j], so sum dc[i, j] * b[k, j] over j.
    #      They meet on M: (N, M) @ (M, K).
    da = dc @ b.T                     # (N, K)
    # why: b[k, j] moves c[i, j] by a[i, k], so sum a[i, k] * dc[i, j] over i.
    #      They meet on N: (K, N) @ (N, M).
    db = a.T @ dc                     # (K, M)
