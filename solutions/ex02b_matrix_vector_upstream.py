"""Matrix times vector, any upstream: each row passes on its own dc.

The product of ex02 again, but now c is the output and its gradient dc is given: N random numbers.
In ex02 all of them were 1, so an answer that left dc out looked right. Here it does not.

Row i of a made c[i] and nothing else. Follow dc[i] back along that one row, then along b.
"""

import torch


def inputs(N=5, K=3):
    return dict(
        a=torch.randn(N, K),
        b=torch.randn(K),
    )


def forward(a, b):
    c = a @ b                         # (N,)
    return c


def backward(a, b, c, dc):
    # why: a[i, k] moves only c[i], by b[k], so its gradient is dc[i] * b[k].
    #      The table of all such products is the outer product.
    da = torch.outer(dc, b)           # (N, K)
    # why: b is shared by all rows, so sum a[i] * dc[i] over i. A product with a.T is that very sum.
    db = a.T @ dc                     # (K,)
