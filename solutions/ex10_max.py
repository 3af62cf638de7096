"""Maximum: only the winner counts.

b[i] is the largest number in row i of a.
Raise that number by a little, and b[i] grows by just as much.
Raise any other number of the row by a little, and b[i] does not move at all.

So ask where the largest number stands, not how large it is.
"""

import torch
import torch.nn.functional as F


def inputs(N=5, C=7):
    return dict(
        a=torch.randn(N, C),
    )


def forward(a):
    b = a.max(1, keepdim=True).values  # (N, 1)
    c = b.sum()                        # ()
    return c


def backward(a, b, c):
    # why: A sum counts each of its terms once, so each b[i] moves c one for one.
    db = torch.ones_like(b)                       # (N, 1)
    # why: A maximum has slope 1 at its winner and 0 elsewhere: one_hot draws that table.
    #      Times upstream, so that row i has db[i] at its winner.
    da = F.one_hot(a.argmax(1), a.shape[1]) * db  # (N, C)
