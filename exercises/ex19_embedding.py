"""Embedding: a row that is looked up twice collects twice.

E holds one row of D numbers for each of V words. emb[i] is the row of word ix[i], copied.
A word that stands in the text three times has its row copied three times, and all three send a
gradient back: they add up.
A word that does not occur gets zeros.

In the inputs there are more positions than words, so some word is always repeated.
Beware of `dE[ix] = demb`: it writes, and of several writes to one row only one stays.
"""

import torch


def inputs(V=4, N=7, D=3):
    return dict(
        E=torch.randn(V, D),
        ix=torch.randint(0, V, (N,)),
    )


def forward(E, ix):
    emb = E[ix]                       # (N, D)
    return emb


def backward(E, ix, emb, demb):
    dE = ...                          # (V, D)
