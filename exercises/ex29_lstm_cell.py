"""LSTM cell: three gates and a memory.

i decides what is written, f what is kept, o what is shown. c is the memory; each gate is a sigmoid
of a value of its own, g the tanh of another.
All is elementwise here (the layers that make zi, zf, zo and zg are those of ex11), so the only
question is where each value goes. c is used once, inside h.
"""

import torch


def inputs(N=5, H=3):
    return dict(
        zi=torch.randn(N, H),
        zf=torch.randn(N, H),
        zo=torch.randn(N, H),
        zg=torch.randn(N, H),
        c0=torch.randn(N, H),
    )


def forward(zi, zf, zo, zg, c0):
    i = torch.sigmoid(zi)             # (N, H)
    f = torch.sigmoid(zf)             # (N, H)
    o = torch.sigmoid(zo)             # (N, H)
    g = torch.tanh(zg)                # (N, H)
    c = f * c0 + i * g                # (N, H)
    h = o * torch.tanh(c)             # (N, H)
    return h


def backward(zi, zf, zo, zg, c0, i, f, o, g, c, h, dh):
    dc = ...                          # (N, H)
    dc0 = ...                         # (N, H)
    dzo = ...                         # (N, H)
    dzf = ...                         # (N, H)
    dzi = ...                         # (N, H)
    dzg = ...                         # (N, H)
