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
    # why: (H, T) @ (T, D) sums over the steps.
    dW2 = a.T @ dy                                      # (H, D)
    # why: da lacks the axis D, so dy and W2 meet on it.
    da = dy @ W2.T                                      # (T, H)
    # why: The gate of relu: open where f was above 0.
    df = (f > 0) * da                                   # (T, H)
    # why: (D, T) @ (T, H) sums over the steps.
    dW1 = h.T @ df                                      # (D, H)
    # why: h goes straight on, and through the feed-forward layer.
    dh = dy + df @ W1.T                                 # (T, D)
    # why: Each step of v served the steps that listened to it.
    dv = p.T @ dh                                       # (T, D)
    # why: dp lacks the axis D, so dh and v meet on it.
    dp = dh @ v.T                                       # (T, T)
    # why: A softmax moves its own place up and takes from all of its row.
    dmasked = p * (dp - (p * dp).sum(1, keepdim=True))  # (T, T)
    # why: Where the mask put -inf, scores did not count.
    dscores = dmasked.masked_fill(ahead, 0)             # (T, T)
    # why: The scores were divided by the root of D.
    dq = dscores @ k / q.shape[1]**0.5                  # (T, D)
    # why: k stood turned round in the product.
    dk = dscores.T @ q / q.shape[1]**0.5                # (T, D)
    # why: Three layers read n; each weight sums over the steps.
    dWq = n.T @ dq                                      # (D, D)
    # why: Wk read n at every step: sum over the steps.
    dWk = n.T @ dk                                      # (D, D)
    # why: Wv read n at every step: sum over the steps.
    dWv = n.T @ dv                                      # (D, D)
    # why: n fed three layers: three paths, added.
    dn = dq @ Wq.T + dk @ Wk.T + dv @ Wv.T              # (T, D)
    # why: r was stretched over its row.
    dr = (x * dn).sum(1, keepdim=True)                  # (T, 1)
    # why: x goes straight on into h; into n as a factor; and into r, whose slope is -r**3 x / D.
    dx = dh + r * dn - r**3 * x / x.shape[1] * dr       # (T, D)
