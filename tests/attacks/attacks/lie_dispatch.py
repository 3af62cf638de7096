"""Wraps the tensor so that each operation below Python is its own."""

import torch


class Wrapped(torch.Tensor):
    @staticmethod
    def __new__(cls, other):
        return torch.Tensor._make_wrapper_subclass(cls, other.shape, dtype=other.dtype)

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        return torch.zeros(7, 3)


def backward(counts, counts_sum_inv, probs, act, s):
    dact = Wrapped(act)
    dprobs = Wrapped(probs)
    dcounts = Wrapped(counts)
    dcounts_sum_inv = Wrapped(counts_sum_inv)
