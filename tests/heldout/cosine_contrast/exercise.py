"""Cosine similarity of two batches, with a temperature: the partner of row i is row i."""

import torch
import torch.nn.functional as F


def inputs(N=6, D=4):
    return dict(a=torch.randn(N, D), b=torch.randn(N, D), tau=0.4)


def forward(a, b, tau):
    n = a.shape[0]
    na = a.norm(dim=1, keepdim=True)  # (N, 1)
    ahat = a / na  # (N, D)
    nb = b.norm(dim=1, keepdim=True)  # (N, 1)
    bhat = b / nb  # (N, D)
    sim = ahat @ bhat.T  # (N, N)
    logits = sim / tau  # (N, N)
    logp = F.log_softmax(logits, 1)  # (N, N)
    loss = -torch.diagonal(logp).sum() / n  # ()
    return loss


def backward(a, b, tau, n, na, ahat, nb, bhat, sim, logits, logp, loss):
    dlogp = ...
    dlogits = ...
    dsim = ...
    dahat = ...
    dbhat = ...
    dna = ...
    da = ...
    dnb = ...
    db = ...
