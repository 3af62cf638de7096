"""RMS norm: only the length, no mean.

Each row is divided by the root of its mean square.
That is layer normalisation without the mean: one path less. x reaches y directly and through r, to
which the whole row contributes.
"""

import torch


def inputs(N=5, C=7):
    return dict(
        x=torch.randn(N, C),
        gain=torch.randn(C),
    )


def forward(x, gain):
    r = torch.rsqrt((x**2).mean(1, keepdim=True) + 1e-5)  # (N, 1)
    y = gain * x * r                                      # (N, C)
    return y


def backward(x, gain, r, y, dy):
    # why: gain multiplied every row.
    dgain = (x * r * dy).sum(0)                      # (C,)
    # why: r was stretched over its row.
    dr = (gain * x * dy).sum(1, keepdim=True)        # (N, 1)
    # why: Directly: gain * r. Through r: the slope of rsqrt is -0.5 r**3, that of the mean of squares
    #      2 x / C, together -r**3 x / C.
    dx = gain * r * dy - r**3 * x / x.shape[1] * dr  # (N, C)
