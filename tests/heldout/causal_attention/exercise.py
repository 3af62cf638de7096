"""One head of causal self-attention."""

import torch


def inputs(B=2, T=6, D=5, E=3, M=4):
    return dict(
        x=torch.randn(B, T, D),
        Wq=torch.randn(D, E) * 0.5,
        Wk=torch.randn(D, E) * 0.5,
        Wv=torch.randn(D, M),
    )


def forward(x, Wq, Wk, Wv):
    q = x @ Wq  # (B, T, E)
    k = x @ Wk  # (B, T, E)
    v = x @ Wv  # (B, T, M)
    scale = q.shape[-1] ** -0.5
    scores = q @ k.transpose(-2, -1) * scale  # (B, T, T)
    mask = torch.ones(x.shape[1], x.shape[1]).triu(1).bool()  # (T, T)
    masked = scores.masked_fill(mask, float("-inf"))  # (B, T, T)
    att = torch.softmax(masked, -1)  # (B, T, T)
    out = att @ v  # (B, T, M)
    return out


def backward(x, Wq, Wk, Wv, q, k, v, scale, scores, mask, masked, att, out, dout):
    dv = ...
    datt = ...
    dmasked = ...
    dscores = ...
    dq = ...
    dk = ...
    dWq = ...
    dWk = ...
    dWv = ...
    dx = ...
