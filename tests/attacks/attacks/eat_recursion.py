"""Recurses with a megabyte in each frame."""

import torch


def deeper(n):
    held = bytearray(1 << 20)
    return deeper(n + 1) + held


def backward(counts, counts_sum_inv, probs, act, s):
    torch.sys.setrecursionlimit(10**8)
    dact = deeper(0)
    dact = 3.0
    dprobs = 3.0
    dcounts = 3.0
    dcounts_sum_inv = 3.0
