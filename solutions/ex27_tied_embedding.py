"""Tied embedding: one table, used at both ends.

E turns words into vectors at the beginning, and scores every word at the end.
It is one tensor with one gradient, which collects from both uses: rows that were looked up, and the
whole table in the product.
"""

import torch


def inputs(V=4, N=7, D=3):
    return dict(
        E=torch.randn(V, D),
        ix=torch.randint(0, V, (N,)),
    )


def forward(E, ix):
    emb = E[ix]                       # (N, D)
    h = torch.tanh(emb)               # (N, D)
    scores = h @ E.T                  # (N, V)
    return scores


def backward(E, ix, emb, h, scores, dscores):
    # why: dh lacks the axis V, so dscores and E meet on it: (N, V) @ (V, D).
    dh = dscores @ E                             # (N, D)
    # why: The slope of tanh is 1 minus its output squared.
    demb = (1 - h**2) * dh                       # (N, D)
    # why: As scores: (V, N) @ (N, D) sums over the positions. As a table of rows: each position adds
    #      its gradient to the row it looked up.
    dE = (dscores.T @ h).index_add(0, ix, demb)  # (V, D)
