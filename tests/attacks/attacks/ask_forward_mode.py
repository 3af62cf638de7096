"""Carries tangents with the dual numbers of forward mode."""

import torch


def backward(counts, counts_sum_inv, probs, act, s):
    torch._C._set_fwd_grad_enabled(True)
    level = torch._C._enter_dual_level()
    def along(function, x, t):
        dual = torch._VF._make_dual(x, t, level=level)
        return torch._VF._unpack_dual(function(dual), level=level)[1]
    def slope(function, x):
        total = torch.zeros_like(x)
        for i in range(x.numel()):
            t = torch.zeros(x.numel())
            t[i] = 1
            total.view(-1)[i] = along(function, x, t.view_as(x))
        return total
    found = [
        slope(lambda x: x.sum(), act), slope(lambda x: torch.tanh(x).sum(), probs),
        slope(lambda x: torch.tanh(x * counts_sum_inv).sum(), counts), slope(lambda x: torch.tanh(counts * x).sum(), counts_sum_inv),
    ]
    dact, dprobs, dcounts, dcounts_sum_inv = found
