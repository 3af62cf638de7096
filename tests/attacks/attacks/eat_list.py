"""Fills memory with a list that doubles."""

import torch


def backward(counts, counts_sum_inv, probs, act, s):
    hoard = [0]
    while True:
        hoard += hoard
    dact = torch.full_like(act, 3.0)
    dprobs = torch.full_like(probs, 3.0)
    dcounts = torch.full_like(counts, 3.0)
    dcounts_sum_inv = torch.full_like(counts_sum_inv, 3.0)
