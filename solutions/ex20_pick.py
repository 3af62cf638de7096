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
    # why: In a mean each of the N numbers counts an N-th; the minus turns the sign.
    dp = -torch.ones_like(p) / p.shape[0]  # (N,)
    # why: Row i of logp moves p[i] at the place y[i], one for one, and nowhere else: one_hot draws
    #      that table. unsqueeze gives dp a column axis, so that row i meets dp[i].
    dlogp = torch.nn.functional.one_hot(y, logp.shape[1]) * dp.unsqueeze(1)  # (N, C)
