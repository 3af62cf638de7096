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
    # why: dh lacks the axis C, so dlogits and W2 meet on it: (N, T, C) @ (C, D).
    #      Each step has its own h, so the axes N and T stay.
    dh = dlogits @ W2.T               # (N, T, D)
    # why: W2 served every step of every sequence:
    #      (N, D, T) @ (N, T, C) sums over T, and sum(0) over N. mT turns only the last two axes.
    dW2 = (h.mT @ dlogits).sum(0)     # (D, C)
    # why: A plus hands its gradient on unchanged, and b2 was added at every step of every sequence:
    #      sum over both.
    db2 = dlogits.sum((0, 1))         # (C,)
