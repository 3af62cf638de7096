"""Label smoothing: a little of the loss goes to every class.

A classifier that is told "this one, and certainly" grows its logits without end. So the label gets
1 - eps of the loss, and the mean over all C classes the rest, eps.
chosen is each row's log-probability at its label, every the mean of its row.

logp is used twice: at one place of each row, and as a whole row.
Then back through log_softmax: each logit keeps what its place received, less its probability times
what its whole row received.
"""

import torch
import torch.nn.functional as F

eps = 0.1


def inputs(N=7, C=4):
    return dict(
        logits=torch.randn(N, C),
        y=torch.randint(0, C - 1, (N,)),  # the last of the C is no row's
    )


def forward(logits, y):
    logp = torch.log_softmax(logits, 1)                 # (N, C)
    chosen = logp[torch.arange(y.shape[0]), y]          # (N,)
    every = logp.mean(1)                                # (N,)
    loss = -((1 - eps) * chosen + eps * every).mean()   # ()
    return loss


def backward(logits, y, logp, chosen, every, loss):
    # why: The minus turns the sign, chosen counts for 1 - eps, and a mean takes an N-th of each.
    dchosen = -(1 - eps) * torch.ones_like(chosen) / chosen.shape[0]  # (N,)
    # why: The minus turns the sign, every counts for eps, and a mean takes an N-th of each.
    devery = -eps * torch.ones_like(every) / every.shape[0]           # (N,)
    # why: Two uses, two gradients: dchosen goes to the label's place alone, and of devery each of the C
    #      numbers in the mean receives a C-th.
    dlogp = F.one_hot(y, logp.shape[1]) * dchosen.unsqueeze(1) + devery.unsqueeze(1) / logp.shape[1]  # (N, C)
    # why: log_softmax hands its gradient on, less each probability times what its row got.
    dlogits = dlogp - torch.exp(logp) * dlogp.sum(1, keepdim=True)    # (N, C)
