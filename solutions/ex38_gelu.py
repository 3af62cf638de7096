"""GELU: a number weighs itself.

phi is the share of a standard normal that lies below z: near 0 for a very negative z, near 1 for a
large one. y is z times that share, a relu with a soft knee, as in BERT and GPT.

erf belongs to that bell curve: its slope at u is 2 exp(-u**2) / sqrt(pi). Here u is z / sqrt(2), and
phi's slope comes out as the curve itself: exp(-z**2 / 2) / sqrt(2 pi).
z stands in both lines: once as a factor, once inside phi.
"""

import math

import torch


def inputs(N=5, C=7):
    return dict(
        z=torch.randn(N, C),
    )


def forward(z):
    phi = (1 + torch.erf(z / 2**0.5)) / 2  # (N, C)
    y = z * phi                            # (N, C)
    return y


def backward(z, phi, y, dy):
    # why: In a product, each factor's slope is the other factor.
    dphi = z * dy                     # (N, C)
    # why: z is used twice, so two gradients add: as a factor, whose slope is phi, and inside phi, whose
    #      slope is the bell curve.
    dz = phi * dy + torch.exp(-z**2 / 2) / math.sqrt(2 * math.pi) * dphi  # (N, C)
