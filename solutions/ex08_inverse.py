"""Inverse: bring the exponent down, then lower it by one.

c = a**-1 is 1/a. The power rule turns the exponent into a factor and leaves an exponent one lower.
One lower than -1 is -2, not 0: on the number line, one step to the left.

Check the sign with numbers: 1/2 is 0.5 and 1/3 is 0.333, so a larger a makes a smaller c.
From -3 to -2 it is the same: -0.333 falls to -0.5.

c is the output, and its gradient dc is given: random numbers.
"""

import torch


def inputs(N=5):
    return dict(
        a=(torch.rand(N) + 0.5) * (-1.0) ** torch.arange(N),  # both signs, never near 0
    )


def forward(a):
    c = a**-1                         # (N,)
    return c


def backward(a, c, dc):
    # why: Power rule: the exponent -1 comes down as a factor, and -2 stays above.
    #      Chain rule: local derivative times upstream.
    da = -1 * a**-2 * dc              # (N,)
