"""Softplus: a spread that stays positive.

A network may answer with a mean m and a spread s, and s must not become negative. So it makes any
number z and bends it: s = log(1 + exp(z)), which torch calls softplus. y is then drawn around m: e is
noise, given here.

The slope of softplus is the sigmoid of z: work it out from the logarithm and the exponential.
It needs no exponential of its own where s is known: exp(-s) is 1 - sigmoid(z).
"""

import torch
import torch.nn.functional as F


def inputs(N=5, C=3):
    return dict(
        m=torch.randn(N, C),
        z=torch.randn(N, C),
        e=torch.randn(N, C),
    )


def forward(m, z, e):
    s = F.softplus(z)                 # (N, C)
    y = m + s * e                     # (N, C)
    return y


def backward(m, z, e, s, y, dy):
    # why: A plus hands its gradient on unchanged.
    dm = dy                           # (N, C)
    # why: In a product, each factor's slope is the other factor.
    de = s * dy                       # (N, C)
    # why: In a product, each factor's slope is the other factor: e moved y by s, s by e.
    ds = e * dy                       # (N, C)
    # why: The slope of log(1 + exp(z)) is exp(z) / (1 + exp(z)), the sigmoid. Times upstream.
    dz = torch.sigmoid(z) * ds        # (N, C)
