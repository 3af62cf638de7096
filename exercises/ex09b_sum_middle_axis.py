"""Sum over a middle axis: put the axis back where it was.

a holds N tables of T rows and C columns, and b adds up the rows of each table.
So b[n, c] is made of the T numbers a[n, 0, c], a[n, 1, c] and so on.
Each of them moves it one for one.

b is the output, and its gradient db, of shape (N, C), is given: random numbers.
Its missing axis T belongs in the middle.
Broadcasting adds new axes only on the left, and will not find that place by itself.
"""

import torch


def inputs(N=5, T=3, C=7):
    return dict(
        a=torch.randn(N, T, C),
    )


def forward(a):
    b = a.sum(1)                      # (N, C)
    return b


def backward(a, b, db):
    da = ...                          # (N, T, C)
