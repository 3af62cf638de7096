"""Linear layer: one upstream gradient serves three variables.

logits = h @ W2 + b2 is the matrix product of ex03 with a bias added.
Every row of h meets the same W2 and the same b2,
so both of these collect something from all N rows.

Once dlogits is known, the other three follow from it, and their shapes nearly write them.
dh is (N, D), dW2 is (D, C), and db2 is (C,). For each, ask which axis of dlogits it lacks.
"""

import torch


def inputs(N=5, D=7, C=3):
    return dict(
        h=torch.randn(N, D),
        W2=torch.randn(D, C),
        b2=torch.randn(C),
    )


def forward(h, W2, b2):
    logits = h @ W2 + b2              # (N, C)
    x = logits.square()               # (N, C)
    y = x.sum()                       # ()
    return y


def backward(h, W2, b2, logits, x, y):
    # why: A sum counts each of its terms once, so each number in x moves y one for one.
    dx = torch.ones_like(x)           # (N, C)
    # why: The slope of a square is twice what was squared.
    #      Chain rule: local derivative times upstream.
    dlogits = 2 * logits * dx         # (N, C)
    # why: dh lacks the axis C, so dlogits and W2 must meet on it: (N, C) @ (C, D).
    #      Each number of h fed all C columns, and the product sums over them.
    dh = dlogits @ W2.T               # (N, D)
    # why: dW2 lacks the axis N, so h and dlogits must meet on it: (D, N) @ (N, C).
    #      W2 served all N rows, and the product sums over them.
    dW2 = h.T @ dlogits               # (D, C)
    # why: A plus hands its gradient on unchanged, and b2 was added to every row: sum over the rows.
    db2 = dlogits.sum(0)              # (C,)
