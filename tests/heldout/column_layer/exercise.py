"""Column-major layers, as in a well-known course: examples are columns.

X holds one example per column, so Z = W @ X + b and the bias is a column (H, 1) that is copied along the examples.
"""

import torch


def inputs(D=4, M=9, H=5, K=3):
    return dict(
        X=torch.randn(D, M),
        Y=torch.randn(K, M),
        W1=torch.randn(H, D) * 0.5,
        b1=torch.randn(H, 1),
        W2=torch.randn(K, H) * 0.5,
        b2=torch.randn(K, 1),
    )


def forward(X, Y, W1, b1, W2, b2):
    m = X.shape[1]
    Z1 = W1 @ X + b1  # (H, M)
    A1 = torch.sigmoid(Z1)  # (H, M)
    Z2 = W2 @ A1 + b2  # (K, M)
    err = Z2 - Y  # (K, M)
    J = (err**2).sum() / (2 * m)  # ()
    return J


def backward(X, Y, W1, b1, W2, b2, m, Z1, A1, Z2, err, J):
    derr = ...  # (K, M)
    dZ2 = ...  # (K, M)
    dW2 = ...  # (K, H)
    db2 = ...  # (K, 1)
    dA1 = ...  # (H, M)
    dZ1 = ...  # (H, M)
    dW1 = ...  # (H, D)
    db1 = ...  # (H, 1)
