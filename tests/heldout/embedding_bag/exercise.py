"""A bag of words: the mean of the embedding rows of a text, then a linear classifier.

A token that stands several times in the texts receives a gradient from every place; padding (token 0) is left out.
"""

import torch
import torch.nn.functional as F


SIZES = [dict(N=6, T=8, V=9, E=3, C=2), dict(N=7, T=5, V=11, E=6, C=4), dict(N=9, T=4, V=10, E=7, C=5)]


def inputs(N=5, T=6, V=8, E=4, C=3):
    return dict(
        table=torch.randn(V, E),
        A=torch.randn(C, E),
        ids=torch.cat([torch.ones(N, 1).long(), torch.randint(0, V, (N, T - 1))], 1),
        y=torch.randint(0, C, (N,)),
    )


def forward(table, A, ids, y):
    keep = ids != 0
    count = keep.sum(1, keepdim=True)
    rows = table[ids]  # (N, T, E)
    kept = rows * keep[:, :, None]  # (N, T, E)
    bag = kept.sum(1) / count  # (N, E)
    logits = bag @ A.T  # (N, C)
    loss = F.cross_entropy(logits, y)  # ()
    return loss


def backward(table, A, ids, y, keep, count, rows, kept, bag, logits, loss):
    dlogits = ...  # (N, C)
    dA = ...  # (C, E)
    dbag = ...  # (N, E)
    dkept = ...  # (N, T, E)
    drows = ...  # (N, T, E)
    dtable = ...  # (V, E)
