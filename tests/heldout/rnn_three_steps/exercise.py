"""A recurrent net, three steps, the same weights at every step."""

import torch


def inputs(N=6, D=4, H=5, C=2):
    return dict(
        X=torch.randn(3, N, D),
        Y=torch.randn(3, N, C),
        h0=torch.randn(N, H),
        Wx=torch.randn(D, H) * 0.5,
        Wh=torch.randn(H, H) * 0.5,
        b=torch.randn(H) * 0.3,
        Wy=torch.randn(H, C),
    )


def forward(X, Y, h0, Wx, Wh, b, Wy):
    N = X.shape[1]
    a1 = X[0] @ Wx + h0 @ Wh + b  # (N, H)
    h1 = torch.tanh(a1)  # (N, H)
    a2 = X[1] @ Wx + h1 @ Wh + b  # (N, H)
    h2 = torch.tanh(a2)  # (N, H)
    a3 = X[2] @ Wx + h2 @ Wh + b  # (N, H)
    h3 = torch.tanh(a3)  # (N, H)
    o1 = h1 @ Wy  # (N, C)
    o2 = h2 @ Wy  # (N, C)
    o3 = h3 @ Wy  # (N, C)
    loss = 0.5 * ((o1 - Y[0]) ** 2 + (o2 - Y[1]) ** 2 + (o3 - Y[2]) ** 2).sum() / N  # ()
    return loss


def backward(X, Y, h0, Wx, Wh, b, Wy, N, a1, h1, a2, h2, a3, h3, o1, o2, o3, loss):
    do3 = ...
    do2 = ...
    do1 = ...
    dWy = ...
    dh3 = ...
    da3 = ...
    dh2 = ...
    da2 = ...
    dh1 = ...
    da1 = ...
    dWx = ...
    dWh = ...
    db = ...
    dh0 = ...
