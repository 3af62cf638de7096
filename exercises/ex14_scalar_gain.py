"""Broadcasting a scalar: one number for a whole table.

gain is a single number, and the product stretches it over all N rows and C columns.
It is used N times C times, so its gradient adds up that many contributions, and is a single number
again: its shape is ().

y is the output, and its gradient dy is given: random numbers in every place.
"""

import torch


def inputs(N=5, C=3):
    return dict(
        x=torch.randn(N, C),
        gain=torch.randn(()),
    )


def forward(x, gain):
    y = gain * x                      # (N, C)
    return y


def backward(x, gain, y, dy):
    dx = ...                          # (N, C)
    dgain = ...                       # ()
