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
    # why: The slope of log at c is 1/c. Chain rule: local derivative times upstream.
    dc = 1 / c * dd                   # (N,)
    # why: In a product, each factor's slope is the other factor. a moves c by b, so multiply by dc.
    da = b * dc                       # (N,)
    # why: In a product, each factor's slope is the other factor. b moves c by a, so multiply by dc.
    db = a * dc                       # (N,)
