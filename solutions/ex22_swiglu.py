"""SwiGLU: a gate that is itself learnt.

Two layers read the same x.
One makes the gate, through silu: g * sigmoid(g).
The other makes what passes through it.
This is the inner part of the feed-forward block of most language models of today.

silu is a product of g with a function of g: both factors depend on g, so its slope has two terms.
With q = sigmoid(g), whose slope is q * (1 - q): q + g * q * (1 - q).
"""

import torch


def inputs(N=5, D=3, H=4):
    return dict(
        x=torch.randn(N, D),
        Wg=torch.randn(D, H),
        Wu=torch.randn(D, H),
    )


def forward(x, Wg, Wu):
    g = x @ Wg                        # (N, H)
    u = x @ Wu                        # (N, H)
    q = torch.sigmoid(g)              # (N, H)
    y = g * q * u                     # (N, H)
    return y


def backward(x, Wg, Wu, g, u, q, y, dy):
    # why: u is one of three factors; its slope is the product of the other two.
    du = g * q * dy                     # (N, H)
    # why: q is one of three factors; its slope is the product of the other two.
    dq = g * u * dy                     # (N, H)
    # why: g is used twice: as a factor, and in the sigmoid, whose slope is q (1 - q). Gradients add.
    dg = q * u * dy + q * (1 - q) * dq  # (N, H)
    # why: dWu lacks the axis N: (D, N) @ (N, H) sums over it.
    dWu = x.T @ du                      # (D, H)
    # why: dWg lacks the axis N: (D, N) @ (N, H) sums over it.
    dWg = x.T @ dg                      # (D, H)
    # why: x fed both layers, so what comes back through both is added.
    dx = dg @ Wg.T + du @ Wu.T          # (N, D)
