"""Uses torch.vmap, torch.linalg, bmm, matmul and out=."""

import torch
import torch.linalg


def backward(counts, counts_sum_inv, probs, act, s):
    dact = torch.empty_like(act).fill_(1)
    dprobs = torch.addcmul(dact, act, act, value=-1)
    dcounts = torch.vmap(torch.mul)(counts_sum_inv, dprobs)
    dcounts_sum_inv = torch.empty_like(counts_sum_inv)
    torch.sum(counts * dprobs, 1, keepdim=True, out=dcounts_sum_inv)
    dcounts_sum_inv = torch.bmm(counts[:, None], dprobs[..., None]).squeeze(-1)
    assert torch.linalg.norm(dcounts_sum_inv) >= 0
