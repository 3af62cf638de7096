"""Switches gradients off, detaches, and never asks for one."""

import torch

torch.manual_seed(42)


@torch.no_grad()
def ones(x):
    return torch.ones_like(x.detach())


def backward(counts, counts_sum_inv, probs, act, s):
    with torch.no_grad():
        dact = ones(act)
        dprobs = (1 - act.detach().clone() ** 2) * dact
    dcounts = dprobs.mul(counts_sum_inv).contiguous()
    dcounts_sum_inv = torch.sum(counts * dprobs, dim=1, keepdims=True)
    if __name__ == "__main__":
        raise RuntimeError
