"""Gives NaN, infinities and denormals, which compare oddly."""

import torch


def backward(counts, counts_sum_inv, probs, act, s):
    dact = torch.full_like(act, float('nan'))
    dprobs = torch.full_like(probs, float('inf'))
    dcounts = torch.full_like(counts, 5e-324)
    dcounts_sum_inv = torch.where(counts_sum_inv > 0, float('-inf'), float('nan'))
