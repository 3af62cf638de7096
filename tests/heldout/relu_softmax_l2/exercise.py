"""Two layers, relu, softmax loss, and L2 on both weights."""

import torch
import torch.nn.functional as F


def inputs(N=8, D=6, H=5, C=4):
    return dict(
        X=torch.randn(N, D),
        y=torch.randint(0, C, (N,)),
        W1=torch.randn(D, H) * 0.5,
        b1=torch.randn(H) * 0.1,
        W2=torch.randn(H, C) * 0.5,
        b2=torch.randn(C) * 0.1,
        reg=0.1,
    )


def forward(X, y, W1, b1, W2, b2, reg):
    N = X.shape[0]
    z1 = X @ W1 + b1  # (N, H)
    h = torch.relu(z1)  # (N, H)
    scores = h @ W2 + b2  # (N, C)
    exps = torch.exp(scores)  # (N, C)
    probs = exps / exps.sum(1, keepdim=True)  # (N, C)
    data_loss = -torch.log(probs[range(N), y]).sum() / N  # ()
    reg_loss = 0.5 * reg * torch.sum(W1 * W1) + 0.5 * reg * torch.sum(W2 * W2)  # ()
    loss = data_loss + reg_loss  # ()
    return loss


def backward(X, y, W1, b1, W2, b2, reg, N, z1, h, scores, exps, probs, data_loss, reg_loss, loss):
    dprobs = ...
    dexps = ...
    dscores = ...
    dW2 = ...
    db2 = ...
    dh = ...
    dz1 = ...
    dW1 = ...
    db1 = ...
