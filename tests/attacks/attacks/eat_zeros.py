"""Touches a hundred gigabytes of ones, one gigabyte at a time."""

import torch


def backward(counts, counts_sum_inv, probs, act, s):
    dact = [torch.ones(1 << 27) for _ in range(100)]
    dprobs = 3.0
    dcounts = 3.0
    dcounts_sum_inv = 3.0
