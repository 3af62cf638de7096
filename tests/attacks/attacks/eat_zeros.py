"""Touches a hundred gigabytes of ones, one gigabyte at a time."""

import torch


def backward(counts, counts_sum_inv, probs, act, s):
    dact = [torch.ones(1 << 27) for _ in range(100)]
    dprobs = torch.full_like(probs, 3.0)
    dcounts = torch.full_like(counts, 3.0)
    dcounts_sum_inv = torch.full_like(counts_sum_inv, 3.0)
