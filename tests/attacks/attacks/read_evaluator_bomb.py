"""Gives expressions that are cheap to run once and dear to explain: huge results from small operands."""

import torch


def backward(counts, counts_sum_inv, probs, act, s):
    dact = (counts.expand(1, *counts.shape) @ counts.T).sum() * torch.ones(2000, 2000).sum() + act
    dprobs = torch.cat([probs] * 3)[: len(probs)] + torch.cdist(torch.ones(900, 3), torch.ones(900, 3)).sum() + 1
    dcounts = torch.kron(torch.ones(40, 40), torch.ones(40, 40)).sum() * counts
    dcounts_sum_inv = torch.logcumsumexp(torch.ones(10**6), 0)[-1] * counts_sum_inv + torch.einsum("i,j,k->", *[torch.ones(150)] * 3)
