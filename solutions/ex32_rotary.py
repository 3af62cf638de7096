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
    # why: a stands in both halves: with cos in the first, with sin in the second.
    da = cos * dy[:, :a.shape[1]] + sin * dy[:, a.shape[1]:]  # (T, K)
    # why: b stands in both: with -sin in the first, with cos in the second.
    db = cos * dy[:, a.shape[1]:] - sin * dy[:, :a.shape[1]]  # (T, K)
    # why: cos meets a in the first half and b in the second, K times a row.
    dcos = (a * dy[:, :a.shape[1]] + b * dy[:, a.shape[1]:]).sum(1, keepdim=True)  # (T, 1)
    # why: sin meets b in the first half, with a minus, and a in the second.
    dsin = (a * dy[:, a.shape[1]:] - b * dy[:, :a.shape[1]]).sum(1, keepdim=True)  # (T, 1)
    # why: The slope of cos is -sin, that of sin is cos; the angle is used by both.
    dangle = cos * dsin - sin * dcos  # (T, 1)
