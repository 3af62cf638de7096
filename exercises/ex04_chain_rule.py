"""Chain rule: along a path, slopes multiply.

a and b are multiplied into c, and d is the logarithm of c.
Both a and b reach d only through c. Take a = 2 and b = 5, so that c = 10.
Raise a by a little: c grows 5 times as much. Raise c by a little: d grows 1/10 as much.
Together that is 5 * 1/10 = 0.5, the number in the notebook.

The gradient of the output d is given as dd. Go back one step at a time: dc first, then da and db.
"""

import torch


def inputs(N=5):
    return dict(
        a=torch.rand(N) + 0.5,
        b=torch.rand(N) + 0.5,
    )


def forward(a, b):
    c = a * b                         # (N,)
    d = torch.log(c)                  # (N,)
    return d


def backward(a, b, c, d, dd):
    dc = ...                          # (N,)
    da = ...                          # (N,)
    db = ...                          # (N,)
