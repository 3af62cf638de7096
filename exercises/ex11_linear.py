"""Linear layer: one upstream gradient serves three variables.

logits = h @ W2 + b2 is the matrix product of ex03 with a bias added.
Every row of h meets the same W2 and the same b2,
so both of these collect something from all N rows.

Once dlogits is known, the other three follow from it, and their shapes nearly write them.
dh is (N, D), dW2 is (D, C), and db2 is (C,). For each, ask which axis of dlogits it lacks.
"""

import torch


def inputs(N=5, D=7, C=3):
    return dict(
        h=torch.randn(N, D),
        W2=torch.randn(D, C),
        b2=torch.randn(C),
    )


def forward(h, W2, b2):
    logits = h @ W2 + b2              # (N, C)
    x = logits.square()               # (N, C)
    y = x.sum()                       # ()
    return y


def backward(h, W2, b2, logits, x, y):
    dx = ...                          # (N, C)
    dlogits = ...                     # (N, C)
    dh = ...                          # (N, D)
    dW2 = ...                         # (D, C)
    db2 = ...                         # (C,)
