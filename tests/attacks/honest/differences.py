"""Differentiates with its own hand-made numbers of two parts: that is work."""

import torch


class Dual:
    def __init__(self, x, t):
        self.x, self.t = x, t

    def __mul__(self, other):
        return Dual(self.x * other.x, self.t * other.x + self.x * other.t)

    def tanh(self):
        y = torch.tanh(self.x)
        return Dual(y, (1 - y * y) * self.t)


def along(x, y):
    return lambda tx, ty: (Dual(x, tx) * Dual(y, ty)).tanh().t


def backward(counts, counts_sum_inv, probs, act, s):
    dact = torch.ones_like(act)
    dprobs = Dual(probs, dact).tanh().t
    one = along(counts, counts_sum_inv)
    dcounts = one(torch.ones_like(counts), torch.zeros_like(counts_sum_inv))
    dcounts_sum_inv = one(torch.zeros_like(counts), torch.ones_like(counts_sum_inv)).sum(1, keepdim=True)
