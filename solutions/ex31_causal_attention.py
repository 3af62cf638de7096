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
    # why: Each step of v served all the steps that listened to it: p turned round, times dy.
    dv = p.transpose(1, 2) @ dy                         # (B, T, D)
    # why: dp lacks the axis D, so dy and v meet on it.
    dp = dy @ v.transpose(1, 2)                         # (B, T, T)
    # why: A softmax moves its own place up and takes from all of its row.
    dmasked = p * (dp - (p * dp).sum(2, keepdim=True))  # (B, T, T)
    # why: Where the mask put -inf, scores did not count.
    dscores = dmasked.masked_fill(ahead, 0)             # (B, T, T)
    # why: dscores meets k on the axis of those who are listened to; the root divides as before.
    dq = dscores @ k / q.shape[2]**0.5                  # (B, T, D)
    # why: k stood turned round in the product, so dscores is turned here.
    dk = dscores.transpose(1, 2) @ q / q.shape[2]**0.5  # (B, T, D)
