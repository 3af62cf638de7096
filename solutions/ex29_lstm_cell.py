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
    # why: The slope of tanh is 1 minus its output squared; o scales it.
    dc = o * (1 - torch.tanh(c)**2) * dh    # (N, H)
    # why: f scaled the old memory on its way into c.
    dc0 = f * dc                            # (N, H)
    # why: In a product, each factor's slope is the other factor; sigmoid's slope is o (1 - o).
    dzo = torch.tanh(c) * dh * o * (1 - o)  # (N, H)
    # why: f meets c0, and has its own sigmoid.
    dzf = c0 * dc * f * (1 - f)             # (N, H)
    # why: i meets g.
    dzi = g * dc * i * (1 - i)              # (N, H)
    # why: g meets i, and comes from a tanh.
    dzg = i * dc * (1 - g**2)               # (N, H)
