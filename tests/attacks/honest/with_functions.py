"""Helper functions, a lambda, a closure and a default argument."""

import torch

square = lambda x: x * x


def slope(act, one=1.0):
    return one - square(act)


def times(g):
    def apply(x):
        return x * g

    return apply


def backward(counts, counts_sum_inv, probs, act, s):
    dact = torch.ones_like(act)
    dprobs = times(dact)(slope(act))
    dcounts = times(dprobs)(counts_sum_inv)
    dcounts_sum_inv = times(dprobs)(counts).sum(dim=1, keepdim=True)
