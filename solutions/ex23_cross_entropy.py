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
    # why: The slope of a logarithm is 1 over what went in. The mean divides by N; the minus turns the
    #      sign.
    dq = -1 / (q * q.shape[0])                          # (N,)
    # why: Row i of p moves q[i] at the place y[i] alone.
    dp = torch.nn.functional.one_hot(y, p.shape[1]) * dq.unsqueeze(1)  # (N, C)
    # why: A softmax moves each logit's own probability up and takes from all of its row (ex12b).
    dlogits = p * (dp - (p * dp).sum(1, keepdim=True))  # (N, C)
