"""A linear classifier with hinge loss and L2; labels are -1 and +1."""

import torch


def inputs(N=8, D=5):
    w = torch.randn(D)
    b = torch.randn(1)
    row = torch.arange(N)
    y = torch.where(row % 6 == 1, -1, 1)
    gap = torch.where(row % 4 == 3, -1.0, 1.0) * (torch.rand(N) + 0.1) * 1.5  # some rows inside the margin, some outside
    X = torch.randn(N, D)
    X = X + torch.outer((y * (1 - gap) - X @ w - b) / (w @ w), w)
    return dict(X=X, w=w, b=b, y=y, lam=0.1)


def forward(X, w, b, y, lam):
    scores = X @ w + b  # (N,)
    margins = 1 - y * scores  # (N,)
    hinge = torch.clamp(margins, min=0)  # (N,)
    data_loss = hinge.mean()  # ()
    reg_loss = 0.5 * lam * (w * w).sum()  # ()
    loss = data_loss + reg_loss  # ()
    return loss


def backward(X, w, b, y, lam, scores, margins, hinge, data_loss, reg_loss, loss):
    dhinge = ...
    dmargins = ...
    dscores = ...
    dw = ...
    db = ...
    dX = ...
