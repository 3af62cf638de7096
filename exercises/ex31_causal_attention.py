"""Attention with a causal mask: who listens to whom, and never ahead.

q asks, k answers, and their products say how much each step listens to each.
The mask puts -inf where a step would look ahead; softmax makes that 0, and on the way back nothing
passes there.

The root of D keeps the scores in a range where the softmax still has a slope; it divides on the way
back too.
"""

import torch


def inputs(B=2, T=5, D=3):
    return dict(
        q=torch.randn(B, T, D),
        k=torch.randn(B, T, D),
        v=torch.randn(B, T, D),
        ahead=torch.ones(T, T).triu(1) > 0,
    )


def forward(q, k, v, ahead):
    scores = q @ k.transpose(1, 2) / q.shape[2]**0.5   # (B, T, T)
    masked = scores.masked_fill(ahead, float("-inf"))  # (B, T, T)
    p = torch.softmax(masked, 2)                       # (B, T, T)
    y = p @ v                                          # (B, T, D)
    return y


def backward(q, k, v, ahead, scores, masked, p, y, dy):
    dv = ...                          # (B, T, D)
    dp = ...                          # (B, T, T)
    dmasked = ...                     # (B, T, T)
    dscores = ...                     # (B, T, T)
    dq = ...                          # (B, T, D)
    dk = ...                          # (B, T, D)
