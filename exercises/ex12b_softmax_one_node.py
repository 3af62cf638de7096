"""Softmax in one node: each logit moves every probability of its row.

The steps of ex12 from logits to probs, in one call.
Raise one logit by a little: its own probability grows.
All the others in its row shrink, for together they must stay 1. These are the two paths of ex12.

probs is the output, and its gradient dprobs is given: random numbers in every place.
The known shortcut, probs minus one-hot, needs a cross-entropy after the softmax.
There is none here.
"""

import torch


def inputs(N=7, C=3):
    return dict(
        logits=torch.randn(N, C),
    )


def forward(logits):
    probs = torch.softmax(logits, 1)  # (N, C)
    return probs


def backward(logits, probs, dprobs):
    dlogits = ...                     # (N, C)
