"""Linear layer on sequences: every step of every row shares the weights.

The layer of ex11 again, but h now holds N sequences of T steps,
and each step is a vector of D numbers. All of the N·T steps meet the same W2 and the same b2.

logits is the output, and its gradient dlogits, of shape (N, T, C), is given: random numbers.
W2 and b2 have neither the axis N nor the axis T, so what comes back to them is summed over both.
"""

import torch


def inputs(N=5, T=3, D=11, C=7):
    return dict(
        h=torch.randn(N, T, D),
        W2=torch.randn(D, C),
        b2=torch.randn(C),
    )


def forward(h, W2, b2):
    logits = h @ W2 + b2              # (N, T, C)
    return logits


def backward(h, W2, b2, logits, dlogits):
    dh = ...                          # (N, T, D)
    dW2 = ...                         # (D, C)
    db2 = ...                         # (C,)
