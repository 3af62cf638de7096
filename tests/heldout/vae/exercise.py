"""A variational auto-encoder: mean and log-variance from one layer, a reparametrised sample, and the KL to a standard normal.

mu and logvar feed the sample and the KL: two ways back for each.
"""

import torch


def inputs(N=8, D=5, L=3):
    return dict(
        x=torch.randn(N, D),
        We=torch.randn(D, 2 * L) * 0.4,
        Wd=torch.randn(L, D) * 0.5,
        noise=torch.randn(N, L),
        beta=0.5,
    )


def forward(x, We, Wd, noise, beta):
    n = x.shape[0]
    enc = x @ We  # (N, 2·L)
    mu = enc[:, : enc.shape[1] // 2]  # (N, L)
    logvar = enc[:, enc.shape[1] // 2 :]  # (N, L)
    std = torch.exp(0.5 * logvar)  # (N, L)
    z = mu + std * noise  # (N, L)
    rec = ((z @ Wd - x) ** 2).sum() / n  # ()
    kl = -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum() / n  # ()
    loss = rec + beta * kl  # ()
    return loss


def backward(x, We, Wd, noise, beta, n, enc, mu, logvar, std, z, rec, kl, loss):
    dz = ...  # (N, L)
    dWd = ...  # (L, D)
    dstd = ...  # (N, L)
    dnoise = ...  # (N, L)
    dmu = ...  # (N, L)
    dlogvar = ...  # (N, L)
    denc = ...  # (N, 2·L)
    dWe = ...  # (D, 2·L)
    dx = ...  # (N, D)
