"""Answers to ex05 as learners give them: one right, three wrong."""

import torch


def backward(counts, counts_sum_inv, probs, act, s):
    dact = torch.ones_like(act)
    dprobs = 1 - act**2
    dcounts = counts_sum_inv * dprob
    dcounts_sum_inv = (counts * dprobs).sum(1)
