"""Multi-class hinge loss: every wrong class whose score comes too near the right one's costs its excess.

The score of the right class is subtracted from the whole row, so it is pulled on by every class that violates the margin.
"""

import torch
import torch.nn.functional as F


def inputs(N=11, D=6, C=4):
    return dict(
        X=torch.randn(N, D),
        W=torch.randn(D, C) * 0.5,
        b=torch.randn(C) * 0.1,
        y=torch.randint(0, C, (N,)),
        reg=0.2,
    )


def forward(X, W, b, y, reg):
    n = X.shape[0]
    scores = X @ W + b  # (N, C)
    right = scores.gather(1, y[:, None])  # (N, 1)
    margins = scores - right + 1.0  # (N, C)
    excess = F.relu(margins)  # (N, C)
    others = excess * (1 - F.one_hot(y, scores.shape[1]))  # (N, C)
    data = others.sum() / n  # ()
    loss = data + 0.5 * reg * (W**2).sum()  # ()
    return loss


def backward(X, W, b, y, reg, n, scores, right, margins, excess, others, data, loss):
    dothers = ...  # (N, C)
    dexcess = ...  # (N, C)
    dmargins = ...  # (N, C)
    dright = ...  # (N, 1)
    dscores = ...  # (N, C)
    dW = ...  # (D, C)
    db = ...  # (C)
