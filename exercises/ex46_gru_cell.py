"""GRU cell: one gate chooses between old and new.

u says how much of the old state h0 is kept; what it leaves, 1 - u, is filled with the new state n.
r says how much of the old state (as hn, a layer of it) n gets to see.
All is elementwise here, as in ex29; the layers that make zr, zu, zn and hn are those of ex11.

u stands in h twice, once with a minus: what comes back to it is a difference.
"""

import torch


def inputs(N=5, H=3):
    return dict(
        zr=torch.randn(N, H),
        zu=torch.randn(N, H),
        zn=torch.randn(N, H),
        hn=torch.randn(N, H),
        h0=torch.randn(N, H),
    )


def forward(zr, zu, zn, hn, h0):
    r = torch.sigmoid(zr)             # (N, H)
    u = torch.sigmoid(zu)             # (N, H)
    a = zn + r * hn                   # (N, H)
    n = torch.tanh(a)                 # (N, H)
    h = (1 - u) * n + u * h0          # (N, H)
    return h


def backward(zr, zu, zn, hn, h0, r, u, a, n, h, dh):
    dh0 = ...                         # (N, H)
    dn = ...                          # (N, H)
    dzu = ...                         # (N, H)
    da = ...                          # (N, H)
    dzn = ...                         # (N, H)
    dhn = ...                         # (N, H)
    dzr = ...                         # (N, H)
