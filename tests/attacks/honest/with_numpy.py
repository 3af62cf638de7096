"""Works in numpy and comes back."""

import numpy as np
import torch


def backward(counts, counts_sum_inv, probs, act, s):
    a = act.numpy()
    dact = torch.from_numpy(np.ones(a.shape))
    dprobs = torch.tensor(1 - np.square(a)) * dact
    dcounts = torch.as_tensor(counts_sum_inv.numpy() * dprobs.numpy())
    dcounts_sum_inv = torch.from_numpy(np.einsum("nc,nc->n", counts.numpy(), dprobs.numpy())[:, None].copy())
