"""Skip-gram with negative sampling, for a batch of (centre, context) pairs."""

import torch
import torch.nn.functional as F

SIZES = [
    dict(V=6, D=3, B=9, K=2),
    dict(V=4, D=5, B=7, K=6),
    dict(V=7, D=2, B=11, K=4),
]


def inputs(V=5, D=4, B=8, K=3):
    return dict(
        emb_in=torch.randn(V, D) * 0.7,
        emb_out=torch.randn(V, D) * 0.7,
        center=torch.randint(0, V, (B,)),
        context=torch.randint(0, V, (B,)),
        negatives=torch.randint(0, V, (B, K)),
    )


def forward(emb_in, emb_out, center, context, negatives):
    v = emb_in[center]  # (B, D)
    u = emb_out[context]  # (B, D)
    neg = emb_out[negatives]  # (B, K, D)
    pos_score = (u * v).sum(1)  # (B,)
    neg_score = torch.bmm(neg, v.unsqueeze(2)).squeeze(2)  # (B, K)
    pos_loss = -F.logsigmoid(pos_score)  # (B,)
    neg_loss = -F.logsigmoid(-neg_score).sum(1)  # (B,)
    loss = (pos_loss + neg_loss).mean()  # ()
    return loss


def backward(emb_in, emb_out, center, context, negatives, v, u, neg, pos_score, neg_score, pos_loss, neg_loss, loss):
    dpos_loss = ...
    dneg_loss = ...
    dpos_score = ...
    dneg_score = ...
    du = ...
    dneg = ...
    dv = ...
    demb_out = ...
    demb_in = ...
