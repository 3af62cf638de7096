"""Causal attention over batch and heads, with its scale and mask.

The scores of the future are replaced by a large negative number, so no gradient passes there.
"""

import torch


def inputs(B=2, H=3, T=5, D=4):
    return dict(
        q=torch.randn(B, H, T, D),
        k=torch.randn(B, H, T, D),
        v=torch.randn(B, H, T, D),
        mask=torch.ones(T, T).tril() > 0,
    )


def forward(q, k, v, mask):
    d = q.shape[-1]
    scores = q @ k.transpose(-2, -1)  # (B, H, T, T)
    scaled = scores / d**0.5  # (B, H, T, T)
    masked = scaled.masked_fill(~mask, -1e9)  # (B, H, T, T)
    p = torch.softmax(masked, -1)  # (B, H, T, T)
    out = p @ v  # (B, H, T, D)
    return out


def backward(q, k, v, mask, d, scores, scaled, masked, p, out, dout):
    dp = ...  # (B, H, T, T)
    dv = ...  # (B, H, T, D)
    dmasked = ...  # (B, H, T, T)
    dscaled = ...  # (B, H, T, T)
    dscores = ...  # (B, H, T, T)
    dq = ...  # (B, H, T, D)
    dk = ...  # (B, H, T, D)
