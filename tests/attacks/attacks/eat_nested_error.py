"""Raises an error a hundred megabytes long, chained a thousand times."""

import torch


def backward(counts, counts_sum_inv, probs, act, s):
    error = None
    for _ in range(1000):
        new = ValueError("x" * 100_000)
        new.__cause__ = error
        error = new
    raise ValueError("y" * 10**8) from error
    dact = torch.full_like(act, 3.0)
    dprobs = torch.full_like(probs, 3.0)
    dcounts = torch.full_like(counts, 3.0)
    dcounts_sum_inv = torch.full_like(counts_sum_inv, 3.0)
