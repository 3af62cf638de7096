"""Softmax by hand: a value used twice collects two gradients.

The logits become positive counts, and each row of counts is divided by its sum:
these are the probs. Y holds the right labels.
The loss is minus the logarithm of the label's probability, averaged over the rows.

Look for counts to the right of the equals signs.
It stands there twice: it makes probs directly, and it makes counts_sum, which scales all of probs.
So it reaches the loss along two paths. Along a path slopes multiply.
Where paths come together, their gradients add.
"""

import torch


def inputs(N=7, C=3):
    return dict(
        logits=torch.randn(N, C),
        Y=torch.randint(0, C, (N,)),
    )


def forward(logits, Y):
    n = logits.shape[0]
    counts = logits.exp()                     # (N, C)
    counts_sum = counts.sum(1, keepdim=True)  # (N, 1)
    counts_sum_inv = counts_sum**-1           # (N, 1)
    probs = counts * counts_sum_inv           # (N, C)
    logprobs = probs.log()                    # (N, C)
    loss = -logprobs[range(n), Y].mean()      # ()
    return loss


def backward(logits, Y, n, counts, counts_sum, counts_sum_inv, probs, logprobs, loss):
    # why: What the loss never reads has gradient 0. It reads one number per row, at the label,
    #      and averages n of them with a minus: -1/n there.
    dlogprobs = torch.zeros_like(logprobs).scatter(1, Y.unsqueeze(1), -1 / n)  # (N, C)
    # why: The slope of log at probs is 1/probs. Chain rule: local derivative times upstream.
    dprobs = 1 / probs * dlogprobs                                             # (N, C)
    # why: In a product, each factor's slope is the other factor.
    #      One number served its whole row, so sum along axis 1, and keep that axis.
    dcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)                   # (N, 1)
    # why: Power rule: the exponent -1 comes down as a factor, and -2 stays above. Times upstream.
    dcounts_sum = -1 * counts_sum**-2 * dcounts_sum_inv                        # (N, 1)
    # why: Where paths come together, gradients add. Through probs: the other factor times dprobs.
    #      Through counts_sum: a sum hands its gradient to every one of its terms.
    dcounts = counts_sum_inv * dprobs + torch.ones_like(counts) * dcounts_sum  # (N, C)
    # why: exp is its own derivative, and counts is that output already. Times upstream.
    dlogits = counts * dcounts                                                 # (N, C)
