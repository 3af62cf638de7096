"""A first slope: how much moves what comes out.

A gradient answers one question, number by number: raise this one a little; how much does the result
grow, for each unit it was raised?
The result here is s, a single number. da has the shape of a, and da[i] answers the question for
a[i].

It is found from the end. ds would be 1: the result moves as much as itself. db is next, one line
before the end: b is added up and doubled, so each of its numbers moves s twice as much as itself.
Then da: each number of a moves its own number of b three times as much, and b moves s.
What has come back to b so far, db, is called the upstream gradient of that line: it arrives from
above. The slope of the line is called its local derivative.
The rule is always: slope of the line, times upstream.

A shape says how many numbers there are along each axis: (N,) is a list of N, (N, C) a table of N
rows and C columns, () a single number.
A gradient has the shape of its tensor.

Write an expression in the place of each `...` and check it: `backprop-check ex00`.
`backprop-check explain upstream` tells a word again, and so do `gradient`, `slope` and `shape`.
"""

import torch


def inputs(N=4):
    return dict(
        a=torch.randn(N),
    )


def forward(a):
    b = 3 * a                         # (N,)
    s = 2 * b.sum()                   # ()
    return s


def backward(a, b, s):
    # why: A sum counts each of its terms once, and s is twice the sum: each number in b moves s by 2.
    db = 2 * torch.ones_like(b)       # (N,)
    # why: b is three times a: its slope is 3. Times what came back to b.
    da = 3 * db                       # (N,)
