"""Contrastive loss: each must find its own partner among all.

Row i of u belongs to row i of v. sim[i, j] says how alike they are, and the loss is a cross-entropy
in which the right answer of row i is i: own holds 0, 1, 2 and so on.
So it is a classifier whose classes are the others of the batch. t is the temperature: a small one
makes the choice sharp.
"""

import torch
import torch.nn.functional as F


def inputs(N=5, D=3):
    return dict(
        u=torch.randn(N, D),
        v=torch.randn(N, D),
        t=torch.rand(()) + 0.5,
        own=torch.arange(N),
    )


def forward(u, v, t, own):
    sim = u @ v.T                        # (N, N)
    logits = sim / t                     # (N, N)
    loss = F.cross_entropy(logits, own)  # ()
    return loss


def backward(u, v, t, own, sim, logits, loss):
    # why: Probabilities minus one-hot (ex23b), over N: the right answer of row i is i.
    dlogits = (torch.softmax(logits, 1) - F.one_hot(own, sim.shape[1])) / sim.shape[0]  # (N, N)
    # why: Divided by t in the forward, divided by t on the way back.
    dsim = dlogits / t                  # (N, N)
    # why: The slope of sim / t in t is -sim / t**2; one t served the whole table.
    dt = -(sim / t**2 * dlogits).sum()  # ()
    # why: du lacks the second axis of sim, so dsim and v meet on it.
    du = dsim @ v                       # (N, D)
    # why: v stood turned round in the product: sum over the rows of sim.
    dv = dsim.T @ u                     # (N, D)
