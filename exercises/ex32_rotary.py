"""Rotary embedding: turn pairs of numbers by an angle.

Each pair (a, b) of a step is turned: cos and sin of its angle mix the two.
Later steps are turned further.
A rotation is undone by the opposite rotation, and that is also what the gradient does: the sign of
sin changes.
"""

import torch


def inputs(T=5, K=3):
    return dict(
        a=torch.randn(T, K),
        b=torch.randn(T, K),
        angle=torch.rand(T, 1) * 3,
    )


def forward(a, b, angle):
    cos = torch.cos(angle)            # (T, 1)
    sin = torch.sin(angle)            # (T, 1)
    y = torch.cat([a * cos - b * sin, a * sin + b * cos], 1)  # (T, 2·K)
    return y


def backward(a, b, angle, cos, sin, y, dy):
    da = ...                          # (T, K)
    db = ...                          # (T, K)
    dcos = ...                        # (T, 1)
    dsin = ...                        # (T, 1)
    dangle = ...                      # (T, 1)
