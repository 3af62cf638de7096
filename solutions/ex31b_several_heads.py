"""Attention with several heads: each looks in its own way, one matrix joins what they saw.

In ex31 one head did all the listening. Here q, k and v are cut into heads as in ex17: each head has
K of the D numbers of every step, and within it a step listens by these alone. So there are as many
tables of attention as heads, and nothing is added up over heads: only Wo, at the end, mixes what
they brought.

Two moves cut, a reshape and a transpose; the same two join, in the opposite order. On the way back
each is undone where it was done. A reshape without its transpose fits as well, and gives to steps
what belongs to heads.
"""

import torch

SIZES = [dict(T=5, H=3, K=4, D=12), dict(T=8, H=2, K=5, D=10), dict(T=3, H=4, K=2, D=8)]


def inputs(T=5, H=3, K=4, D=12):
    return dict(
        q=torch.randn(T, D),
        k=torch.randn(T, D),
        v=torch.randn(T, D),
        Wo=torch.randn(D, D) / D**0.5,
        heads=H,
    )


def forward(q, k, v, Wo, heads):
    qh = q.reshape(q.shape[0], heads, -1).transpose(0, 1)  # (H, T, K)
    kh = k.reshape(k.shape[0], heads, -1).transpose(0, 1)  # (H, T, K)
    vh = v.reshape(v.shape[0], heads, -1).transpose(0, 1)  # (H, T, K)
    scores = qh @ kh.mT / qh.shape[2]**0.5                 # (H, T, T)
    p = torch.softmax(scores, 2)                           # (H, T, T)
    oh = p @ vh                                            # (H, T, K)
    joined = oh.transpose(0, 1).reshape(q.shape)           # (T, D)
    y = joined @ Wo                                        # (T, D)
    return y


def backward(q, k, v, Wo, heads, qh, kh, vh, scores, p, oh, joined, y, dy):
    # why: (D, T) @ (T, D) sums over the steps.
    dWo = joined.T @ dy                                                  # (D, D)
    # why: dy and Wo meet on the axis that joined lacks, the columns of Wo.
    djoined = dy @ Wo.T                                                  # (T, D)
    # why: The joining undone, last move first: cut into heads, then bring these to the front.
    doh = djoined.reshape(q.shape[0], heads, -1).transpose(0, 1)         # (H, T, K)
    # why: Each step of vh served the steps of its head that listened to it.
    dvh = p.mT @ doh                                                     # (H, T, K)
    # why: dp lacks the axis K, so doh and vh meet on it, head by head.
    dp = doh @ vh.mT                                                     # (H, T, T)
    # why: A softmax moves its own place up and takes from all of its row.
    dscores = p * (dp - (p * dp).sum(2, keepdim=True))                   # (H, T, T)
    # why: The scores were divided by the root of K, so what comes back is too.
    dqh = dscores @ kh / qh.shape[2]**0.5                                # (H, T, K)
    # why: kh stood turned round in the product, so dscores is turned here.
    dkh = dscores.mT @ qh / qh.shape[2]**0.5                             # (H, T, K)
    # why: The cutting undone: the heads go back behind the steps, and are grouped into one axis.
    dq = dqh.transpose(0, 1).reshape(q.shape)                            # (T, D)
    # why: k was cut by the same two moves: both undone, the last one first.
    dk = dkh.transpose(0, 1).reshape(k.shape)                            # (T, D)
    # why: v was cut by the same two moves: both undone, the last one first.
    dv = dvh.transpose(0, 1).reshape(v.shape)                            # (T, D)
