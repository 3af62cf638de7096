"""Matrix factorisation of ratings: user and item vectors, biases, squared error and L2."""

import torch

SIZES = [
    dict(M=6, I=3, K=5, N=10),
    dict(M=3, I=7, K=2, N=11),
    dict(M=4, I=6, K=7, N=8),
]


def inputs(M=5, I=4, K=3, N=9):
    return dict(
        P=torch.randn(M, K),
        Q=torch.randn(I, K),
        bu=torch.randn(M) * 0.5,
        bi=torch.randn(I) * 0.5,
        users=torch.randint(0, M, (N,)),
        items=torch.randint(0, I, (N,)),
        ratings=torch.randint(1, 6, (N,)),
        mean=3.2,
        lam=0.1,
    )


def forward(P, Q, bu, bi, users, items, ratings, mean, lam):
    p = P[users]  # (N, K)
    q = Q[items]  # (N, K)
    dot = (p * q).sum(1)  # (N,)
    pred = dot + bu[users] + bi[items] + mean  # (N,)
    err = ratings - pred  # (N,)
    sse = (err**2).sum()  # ()
    penalty = lam / 2 * ((P**2).sum() + (Q**2).sum())  # ()
    loss = sse + penalty  # ()
    return loss


def backward(P, Q, bu, bi, users, items, ratings, mean, lam, p, q, dot, pred, err, sse, penalty, loss):
    derr = ...
    dpred = ...
    ddot = ...
    dp = ...
    dq = ...
    dbu = ...
    dbi = ...
    dP = ...
    dQ = ...
