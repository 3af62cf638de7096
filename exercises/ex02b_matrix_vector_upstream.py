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
    da = ...                          # (N, K)
    db = ...                          # (K,)
