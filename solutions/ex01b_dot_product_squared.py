"""Dot product, squared: whatever follows c scales both gradients.

In ex01 c was the end of the graph. Here it is squared:
move c by a little, and d moves 2*c times as much. a and b reach d only through c.
Their slopes from ex01 still hold, but those are slopes of c, not of d.

So find dc first. It is one number, and it belongs in both of the other answers.
"""

import torch


def inputs(N=3):
    return dict(
        a=torch.randn(N),
        b=torch.randn(N),
    )


def forward(a, b):
    c = a @ b                         # ()
    d = c.square()                    # ()
    return d


def backward(a, b, c, d):
    # why: The slope of a square is twice what was squared.
    dc = 2 * c                        # ()
    # why: Chain rule: local derivative times upstream. a[i] moves c by b[i], and c moves d by dc.
    da = b * dc                       # (N,)
    # why: Chain rule: local derivative times upstream. b[i] moves c by a[i], and c moves d by dc.
    db = a * dc                       # (N,)
