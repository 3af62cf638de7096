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
    # why: A sum counts each of its terms once, so each number in act moves s one for one.
    dact = torch.ones_like(act)                               # (N, C)
    # why: The slope of tanh is 1 minus its output squared, and act is that output.
    #      Chain rule: local derivative times upstream.
    dprobs = (1 - act**2) * dact                              # (N, C)
    # why: In a product, each factor's slope is the other factor.
    #      counts_sum_inv stretches along its row here just as it did in the forward.
    dcounts = counts_sum_inv * dprobs                         # (N, C)
    # why: What is used many times adds up what every use sends back. One number served its whole
    #      row, so sum along axis 1, and keep that axis: the gradient has the shape (N, 1).
    dcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)  # (N, 1)
