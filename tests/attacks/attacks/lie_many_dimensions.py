"""Gives tensors of 64 dimensions and of sizes near 2**63."""

import torch


def backward(counts, counts_sum_inv, probs, act, s):
    dact = torch.zeros((1,) * 64)
    dprobs = torch.zeros(0, 1 << 40)
    dcounts = torch.empty(0).expand(1 << 30, 1 << 30, 0)
    dcounts_sum_inv = torch.as_strided(torch.zeros(1), (1 << 20, 1 << 20), (0, 0))
