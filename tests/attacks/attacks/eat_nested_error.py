"""Raises an error a hundred megabytes long, chained a thousand times."""

import torch


def backward(counts, counts_sum_inv, probs, act, s):
    error = None
    for _ in range(1000):
        new = ValueError("x" * 100_000)
        new.__cause__ = error
        error = new
    raise ValueError("y" * 10**8) from error
    dact = 3.0
    dprobs = 3.0
    dcounts = 3.0
    dcounts_sum_inv = 3.0
