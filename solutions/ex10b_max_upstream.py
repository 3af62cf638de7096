"""Maximum, any upstream: the winner receives what came back, and only that.

The maximum of ex10 again, but now b is the output and its gradient db is given: random numbers.
In ex10 each winner received a 1, so a table of zeros and ones looked like the whole gradient.

Each row has one number in db and one winner in a. Bring the number to the winner's place.
"""

import torch
import torch.nn.functional as F


def inputs(N=5, C=7):
    return dict(
        a=torch.randn(N, C),
    )


def forward(a):
    b = a.max(1, keepdim=True).values  # (N, 1)
    return b


def backward(a, b, db):
    # why: A maximum has slope 1 at its winner and 0 elsewhere: one_hot draws that table.
    #      Times upstream, so that row i has db[i] at its winner.
    da = F.one_hot(a.argmax(1), a.shape[1]) * db  # (N, C)
