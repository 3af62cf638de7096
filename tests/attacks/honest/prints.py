"""Prints much, f-strings of tensors among it."""

import sys

import torch


def backward(counts, counts_sum_inv, probs, act, s):
    print("counts", counts, counts.shape, flush=True)
    dact = torch.ones_like(act)
    for i in range(300):
        print(f"{i}: {act.sum():.4f} {act[0]!r} {probs.dtype}")
    dprobs = (1 - act**2) * dact
    print(dprobs, file=sys.stderr)
    sys.stdout.write(repr(dprobs))
    dcounts = counts_sum_inv * dprobs
    dcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)
    assert dcounts_sum_inv.shape == counts_sum_inv.shape, f"{dcounts_sum_inv.shape}"
