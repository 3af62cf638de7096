"""Plain answers of 4 Mi complex numbers to each target."""

import torch
def backward(counts, counts_sum_inv, probs, act, s):
    dact = torch.zeros(2048, 2048, dtype=torch.complex128)
    dprobs = torch.zeros(2048, 2048, dtype=torch.complex128)
    dcounts = torch.zeros(2048, 2048, dtype=torch.complex128)
    dcounts_sum_inv = torch.zeros(2048, 2048, dtype=torch.complex128)
