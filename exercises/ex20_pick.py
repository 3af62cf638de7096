"""Picking one number per row: the gradient goes to that place alone.

logp holds C numbers per row, and y says which of them counts: p[i] is logp[i, y[i]].
All the others in the row do not move p[i] at all, so their gradient is 0. loss is minus the mean of
what was picked, as in every classifier.
"""

import torch


def inputs(N=7, C=4):
    return dict(
        logp=torch.randn(N, C),
        y=torch.randint(0, C - 1, (N,)),  # the last of the C is no row's
    )


def forward(logp, y):
    p = logp[torch.arange(y.shape[0]), y]  # (N,)
    loss = -p.mean()                       # ()
    return loss


def backward(logp, y, p, loss):
    dp = ...                          # (N,)
    dlogp = ...                       # (N, C)
