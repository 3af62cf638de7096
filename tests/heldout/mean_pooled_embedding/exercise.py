"""A bag of words: embed, average over the sentence, classify."""

import torch
import torch.nn.functional as F

SIZES = [
    dict(N=6, L=5, V=4, E=3, C=7),
    dict(N=4, L=7, V=6, E=5, C=3),
    dict(N=5, L=8, V=3, E=6, C=4),
    dict(N=3, L=9, V=8, E=2, C=6),
]


def inputs(N=6, L=5, V=4, E=3, C=7):
    return dict(
        table=torch.randn(V, E),
        tokens=torch.randint(0, V, (N, L)),
        W=torch.randn(E, C),
        b=torch.randn(C),
        y=torch.randint(0, C, (N,)),
    )


def forward(table, tokens, W, b, y):
    n = tokens.shape[0]
    length = tokens.shape[1]
    emb = table[tokens]  # (N, L, E)
    pooled = emb.mean(1)  # (N, E)
    logits = pooled @ W + b  # (N, C)
    logp = F.log_softmax(logits, 1)  # (N, C)
    picked = logp[range(n), y]  # (N,)
    loss = -picked.mean()  # ()
    return loss


def backward(table, tokens, W, b, y, n, length, emb, pooled, logits, logp, picked, loss):
    dpicked = ...
    dlogp = ...
    dlogits = ...
    dW = ...
    db = ...
    dpooled = ...
    demb = ...
    dtable = ...
