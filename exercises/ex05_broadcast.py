"""Broadcasting: one number scales a whole row.

counts_sum_inv holds one number per row. Multiplying stretches it along axis 1, so each of its numbers is used C times.
"""

import torch


def inputs(N=7, C=3):
    return dict(
        counts=torch.randn(N, C),
        counts_sum_inv=torch.randn(N, 1),
    )


def forward(counts, counts_sum_inv):
    probs = counts * counts_sum_inv   # (N, C)
    act = torch.tanh(probs)           # (N, C)
    s = act.sum()                     # ()
    return s


def backward(counts, counts_sum_inv, probs, act, s):
    dact = ...                        # (N, C)
    dprobs = ...                      # (N, C)
    dcounts = ...                     # (N, C)
    dcounts_sum_inv = ...             # (N, 1)
