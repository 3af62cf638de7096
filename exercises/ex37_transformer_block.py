"""A transformer block: what you have learnt, in one piece.

One head of causal attention and a feed-forward layer, each in a residual branch.
Normalisation comes first in each branch; here it is given by rms norm without a gain.
Every line is one you have met: go back one at a time, and add where a value was used twice. h and x
both go straight on and into a branch.
"""

import torch


def inputs(T=5, D=4, H=6):
    return dict(
        x=torch.randn(T, D),
        Wq=torch.randn(D, D) * 0.5,
        Wk=torch.randn(D, D) * 0.5,
        Wv=torch.randn(D, D) * 0.5,
        W1=torch.randn(D, H) * 0.5,
        W2=torch.randn(H, D) * 0.5,
        ahead=torch.ones(T, T).triu(1) > 0,
    )


def forward(x, Wq, Wk, Wv, W1, W2, ahead):
    r = torch.rsqrt((x**2).mean(1, keepdim=True) + 1e-5)  # (T, 1)
    n = x * r                                             # (T, D)
    q = n @ Wq                                            # (T, D)
    k = n @ Wk                                            # (T, D)
    v = n @ Wv                                            # (T, D)
    scores = q @ k.T / q.shape[1]**0.5                    # (T, T)
    masked = scores.masked_fill(ahead, float("-inf"))     # (T, T)
    p = torch.softmax(masked, 1)                          # (T, T)
    h = x + p @ v                                         # (T, D)
    f = h @ W1                                            # (T, H)
    a = torch.relu(f)                                     # (T, H)
    y = h + a @ W2                                        # (T, D)
    return y


def backward(x, Wq, Wk, Wv, W1, W2, ahead, r, n, q, k, v, scores, masked, p, h, f, a, y, dy):
    dW2 = ...                         # (H, D)
    da = ...                          # (T, H)
    df = ...                          # (T, H)
    dW1 = ...                         # (D, H)
    dh = ...                          # (T, D)
    dv = ...                          # (T, D)
    dp = ...                          # (T, T)
    dmasked = ...                     # (T, T)
    dscores = ...                     # (T, T)
    dq = ...                          # (T, D)
    dk = ...                          # (T, D)
    dWq = ...                         # (D, D)
    dWk = ...                         # (D, D)
    dWv = ...                         # (D, D)
    dn = ...                          # (T, D)
    dr = ...                          # (T, 1)
    dx = ...                          # (T, D)
