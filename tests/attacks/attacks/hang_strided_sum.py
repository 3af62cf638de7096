"""Sums a view of a trillion elements that takes eight bytes."""

import torch


def backward(counts, counts_sum_inv, probs, act, s):
    dact = torch.zeros(1).expand(10**6, 10**6).sum()
    dact = torch.full_like(act, 3.0)
    dprobs = torch.full_like(probs, 3.0)
    dcounts = torch.full_like(counts, 3.0)
    dcounts_sum_inv = torch.full_like(counts_sum_inv, 3.0)
