"""Loops over elements, with in-place accumulation."""

import torch


def backward(counts, counts_sum_inv, probs, act, s):
    N, C = counts.shape
    dact = torch.zeros(N, C)
    dact += 1
    dprobs = torch.empty(N, C)
    for i in range(N):
        for j in range(C):
            dprobs[i, j] = (1 - act[i, j] ** 2) * dact[i, j]
    dcounts = torch.zeros_like(counts)
    dcounts_sum_inv = torch.zeros_like(counts_sum_inv)
    for i in range(N):
        dcounts[i] += counts_sum_inv[i] * dprobs[i]
        for j in range(C):
            dcounts_sum_inv[i] += counts[i, j] * dprobs[i, j]
