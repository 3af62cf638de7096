"""A parabola out of straight lines: the largest of eight.

Eight lines w x + b are computed by one matrix product (ex03b), and at each place the largest of them counts (ex10b).
So only the winner learns, at its own places, and each line finds a stretch of the parabola where it is the best tangent.
The loss is the mean of (y - x**2)**2, and its gradient with respect to y is given.
"""

import torch

TRAINS = ["ex03b", "ex10b"]
STEPS, RATE, MOMENTUM = 400, 0.05, 0.9

x = torch.linspace(-1.5, 1.5, 61)[:, None]
points = torch.cat([x, torch.ones_like(x)], 1)


def begin():
    return dict(lines=torch.randn(2, 8) * torch.tensor([[1.5], [0.3]]))


def batch(step, p):
    return dict(points=points)


def model(ex, p, b):
    return ex.ex10b(a=ex.ex03b(a=b.points, b=p.lines))


def loss(y, b):
    return ((y - b.points[:, :1] ** 2) ** 2).mean()


def sample(ex, p):
    y = ex.ex10b(a=ex.ex03b(a=points, b=p.lines))[::3, 0]
    height = ((y + 0.4) / 2.8 * 9).long().clamp(0, 8).tolist()
    return "\n".join("".join("o" if h == row else " " for h in height) for row in reversed(range(9)))
