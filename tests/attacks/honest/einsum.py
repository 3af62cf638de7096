"""Says the sums with torch.einsum, and imports torch under another name."""

import torch as th
from torch.nn import functional


def backward(counts, counts_sum_inv, probs, act, s):
    dact = th.ones_like(act)
    dprobs = th.einsum("ij,ij->ij", 1 - functional.tanh(probs) ** 2, dact)
    dcounts = th.einsum("ij,ik->ij", dprobs, counts_sum_inv)
    dcounts_sum_inv = th.einsum("ij,ij->i", counts, dprobs).unsqueeze(-1)
