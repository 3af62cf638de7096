"""Cross-entropy by hand: from logits to a loss in four lines.

p is the softmax of each row, q the probability that the right label got, and loss the mean of minus
its logarithm.
Go back line by line; there is no shortcut to remember.
(ex23b has it, and you will see it come out.)
"""

import torch


def inputs(N=7, C=4):
    return dict(
        logits=torch.randn(N, C),
        y=torch.randint(0, C - 1, (N,)),  # the last of the C is no row's
    )


def forward(logits, y):
    p = torch.softmax(logits, 1)        # (N, C)
    q = p[torch.arange(y.shape[0]), y]  # (N,)
    loss = -torch.log(q).mean()         # ()
    return loss


def backward(logits, y, p, q, loss):
    dq = ...                          # (N,)
    dp = ...                          # (N, C)
    dlogits = ...                     # (N, C)
