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
    # why: dx lacks the axis K, so dy and W meet on it: (N, K) @ (K, D). W needs no transpose here.
    dx = dy @ W                       # (N, D)
    # why: dW lacks the axis N: (K, N) @ (N, D) sums over the rows.
    dW = dy.T @ x                     # (K, D)
    # why: A plus hands its gradient on unchanged, and b was added to every row: sum over the rows.
    db = dy.sum(0)                    # (K,)
