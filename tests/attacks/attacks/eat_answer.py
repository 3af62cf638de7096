"""Gives an answer of 32 GB in a view of eight bytes."""

import torch


def backward(counts, counts_sum_inv, probs, act, s):
    dact = torch.full((1,), 3.0).expand(1 << 32)
    dprobs = torch.full((1,), 3.0).expand(1 << 16, 1 << 16)
    dcounts = torch.zeros(2048, 2048)
    dcounts_sum_inv = torch.zeros(2048, 2049)
