"""One attention head without a mask, then a residual connection."""

import torch


def inputs(B=3, T=6, D=4, K=5):
    return dict(
        x=torch.randn(B, T, D),
        Wq=torch.randn(D, K) * 0.5,
        Wk=torch.randn(D, K) * 0.5,
        Wv=torch.randn(D, D) * 0.5,
    )


def forward(x, Wq, Wk, Wv):
    q = x @ Wq  # (B, T, K)
    k = x @ Wk  # (B, T, K)
    v = x @ Wv  # (B, T, D)
    scale = k.shape[-1] ** -0.5
    att = q @ k.transpose(-2, -1) * scale  # (B, T, T)
    p = torch.softmax(att, -1)  # (B, T, T)
    o = p @ v  # (B, T, D)
    y = x + o  # (B, T, D)
    return y


def backward(x, Wq, Wk, Wv, q, k, v, scale, att, p, o, y, dy):
    do = ...
    dv = ...
    dp = ...
    datt = ...
    dq = ...
    dk = ...
    dWq = ...
    dWk = ...
    dWv = ...
    dx = ...
