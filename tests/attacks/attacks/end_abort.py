"""Aborts, which would leave a core file."""

import torch


def backward(counts, counts_sum_inv, probs, act, s):
    torch.os.abort()
    dact = 3.0
    dprobs = 3.0
    dcounts = 3.0
    dcounts_sum_inv = 3.0
