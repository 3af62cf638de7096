"""Overflows the C stack with the recursion limit lifted."""

import torch


class Attack:
    torch.sys.setrecursionlimit(10**9)


def deep(x):
    return repr([x]) and deep(sorted([x], key=deep))


def backward(counts, counts_sum_inv, probs, act, s):
    dact = deep(1)
    dact = 3.0
    dprobs = 3.0
    dcounts = 3.0
    dcounts_sum_inv = 3.0
