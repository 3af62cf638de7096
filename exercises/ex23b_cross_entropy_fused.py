"""Cross-entropy in one node: probabilities minus one-hot.

The lines of ex23 in one call, as every training loop has it.
Multiplied out, what comes back to the logits is short: the probabilities, minus 1 at the right
label, divided by N, since the loss is a mean over N rows.
"""

import torch
import torch.nn.functional as F


def inputs(N=7, C=4):
    return dict(
        logits=torch.randn(N, C),
        y=torch.randint(0, C - 1, (N,)),  # the last of the C is no row's
    )


def forward(logits, y):
    loss = F.cross_entropy(logits, y)  # ()
    return loss


def backward(logits, y, loss):
    dlogits = ...                     # (N, C)
