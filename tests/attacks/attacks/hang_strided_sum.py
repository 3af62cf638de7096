"""Sums a view of a trillion elements that takes eight bytes."""

import torch


def backward(counts, counts_sum_inv, probs, act, s):
    dact = torch.zeros(1).expand(10**6, 10**6).sum()
    dact = 3.0
    dprobs = 3.0
    dcounts = 3.0
    dcounts_sum_inv = 3.0
