"""Policy gradient: advantages weigh the log-probabilities.

logits say how likely each of C actions is; act is the one that was taken, adv how much better than
expected it went.
The loss is minus the mean of adv times the log-probability of what was done: what went well becomes
more likely.

adv is a number that was measured: it has a gradient here as every floating tensor, but training
would not use it.
"""

import torch


def inputs(N=7, C=4):
    return dict(
        logits=torch.randn(N, C),
        adv=torch.randn(N),
        act=torch.randint(0, C - 1, (N,)),  # the last of the C is no row's
    )


def forward(logits, adv, act):
    logp = torch.log_softmax(logits, 1)             # (N, C)
    chosen = logp[torch.arange(act.shape[0]), act]  # (N,)
    loss = -(adv * chosen).mean()                   # ()
    return loss


def backward(logits, adv, act, logp, chosen, loss):
    dchosen = ...                     # (N,)
    dlogp = ...                       # (N, C)
    dlogits = ...                     # (N, C)
    dadv = ...                        # (N,)
