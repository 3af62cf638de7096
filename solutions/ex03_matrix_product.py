"""Matrix product: sum over the axis that the answer lacks.

c[i, j] is the dot product of row i of a and column j of b.
Row i of a is used M times, once for every column of b.
Column j of b is used N times, once for every row of a.

Write the shapes down: dc is (N, M), da must be (N, K), and db must be (K, M).
A matrix product sums over the axis on which its two sides meet,
and a transpose chooses which axes those are.
"""

import torch


def inputs(N=5, K=3, M=7):
    return dict(
        a=torch.randn(N, K),
        b=torch.randn(K, M),
    )


def forward(a, b):
    c = a @ b                         # (N, M)
    d = c.sum()                       # ()
    return d


def backward(a, b, c, d):
    # why: A sum counts each of its terms once, so each c[i, j] moves d one for one.
    dc = torch.ones_like(c)           # (N, M)
    # why: da lacks the axis M, so dc and b must meet on it: (N, M) @ (M, K).
    #      Row i of a was used once for every column j, and the product sums over j.
    da = dc @ b.T                     # (N, K)
    # why: db lacks the axis N, so a and dc must meet on it: (K, N) @ (N, M).
    #      Column j of b was used once for every row i, and the product sums over i.
    db = a.T @ dc                     # (K, M)
