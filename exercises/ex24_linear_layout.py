"""nn.Linear's layout: the weight is stored the other way round.

`nn.Linear` keeps its weight as (out, in), and computes x @ W.T + b.
The mathematics is that of ex11; only the places differ.
Each gradient has the shape of its tensor, so dW is (out, in) as well.
Read off which axes meet, and no transpose has to be remembered.
"""

import torch
import torch.nn.functional as F


def inputs(N=7, D=3, K=5):
    return dict(
        x=torch.randn(N, D),
        W=torch.randn(K, D),
        b=torch.randn(K),
    )


def forward(x, W, b):
    y = F.linear(x, W, b)             # (N, K)
    return y


def backward(x, W, b, y, dy):
    dx = ...                          # (N, D)
    dW = ...                          # (K, D)
    db = ...                          # (K,)
