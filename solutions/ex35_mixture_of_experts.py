"""Mixture of experts: a gate weighs what two experts say.

Both experts read the same x; p says, per row, how much each counts. y is the weighted sum.
Each expert receives its own weight times dy.
The gate receives, per row, how well each expert's answer agrees with dy: a sum over the row.
"""

import torch


def inputs(N=5, D=3, C=4):
    return dict(
        x=torch.randn(N, D),
        Wg=torch.randn(D, 2),
        A=torch.randn(D, C),
        B=torch.randn(D, C),
    )


def forward(x, Wg, A, B):
    p = torch.softmax(x @ Wg, 1)      # (N, 2)
    a = x @ A                         # (N, C)
    b = x @ B                         # (N, C)
    y = p[:, :1] * a + p[:, 1:] * b   # (N, C)
    return y


def backward(x, Wg, A, B, p, a, b, y, dy):
    # why: p's first column was stretched over a's row.
    da = p[:, :1] * dy                                      # (N, C)
    # why: p's second column was stretched over b's row.
    db = p[:, 1:] * dy                                      # (N, C)
    # why: Each of the two numbers of a row served its expert's whole row: sum, keep the axis, and put
    #      the two columns side by side again.
    dp = torch.cat([(a * dy).sum(1, keepdim=True), (b * dy).sum(1, keepdim=True)], 1)  # (N, 2)
    # why: Through the softmax, then (D, N) @ (N, 2) sums over the rows.
    dWg = x.T @ (p * (dp - (p * dp).sum(1, keepdim=True)))  # (D, 2)
    # why: A served all N rows: (D, N) @ (N, C) sums over them.
    dA = x.T @ da                                           # (D, C)
    # why: B served all N rows: (D, N) @ (N, C) sums over them.
    dB = x.T @ db                                           # (D, C)
    # why: x fed the gate and both experts: three paths, added.
    dx = (p * (dp - (p * dp).sum(1, keepdim=True))) @ Wg.T + da @ A.T + db @ B.T  # (N, D)
