"""Siamese embeddings: pull equal pairs together, push the others apart up to a margin."""

import torch


def inputs(N=8, D=5, H=3):
    x1 = torch.randn(N, D)
    far = torch.where(torch.arange(N) % 4 < 2, 0.3, 8.0).unsqueeze(1)
    return dict(
        x1=x1,
        x2=x1 + far * torch.randn(N, D),
        W=torch.randn(D, H) / (D * H) ** 0.5,
        same=torch.arange(N) % 2,
        margin=1.0,
    )


def forward(x1, x2, W, same, margin):
    e1 = x1 @ W  # (N, H)
    e2 = x2 @ W  # (N, H)
    diff = e1 - e2  # (N, H)
    d2 = (diff**2).sum(1)  # (N,)
    gap = margin - d2  # (N,)
    hinge = torch.clamp(gap, min=0)  # (N,)
    per = same * d2 + (1 - same) * hinge  # (N,)
    loss = 0.5 * per.mean()  # ()
    return loss


def backward(x1, x2, W, same, margin, e1, e2, diff, d2, gap, hinge, per, loss):
    dper = ...
    dhinge = ...
    dgap = ...
    dd2 = ...
    ddiff = ...
    de1 = ...
    de2 = ...
    dW = ...
    dx1 = ...
    dx2 = ...
