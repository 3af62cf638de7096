"""A two-layer net with one example per column, squared error."""

import torch


def inputs(n_x=4, n_h=5, n_y=3, M=7):
    return dict(
        X=torch.randn(n_x, M),
        Y=torch.randn(n_y, M),
        W1=torch.randn(n_h, n_x),
        b1=torch.randn(n_h, 1),
        W2=torch.randn(n_y, n_h),
        b2=torch.randn(n_y, 1),
    )


def forward(X, Y, W1, b1, W2, b2):
    m = X.shape[1]
    Z1 = W1 @ X + b1  # (n_h, M)
    A1 = torch.relu(Z1)  # (n_h, M)
    A2 = W2 @ A1 + b2  # (n_y, M)
    cost = ((A2 - Y) ** 2).sum() / (2 * m)  # ()
    return cost


def backward(X, Y, W1, b1, W2, b2, m, Z1, A1, A2, cost):
    dA2 = ...
    dW2 = ...
    db2 = ...
    dA1 = ...
    dZ1 = ...
    dW1 = ...
    db1 = ...
