"""Waves: three heights are read one after the other, and the next one is said.

The network of ex28 reads three points of a wave, each with a 1 beside it, with the same weights at each step; a product (ex03b) makes the
next height of what it keeps. The waves are of any length and any phase, so it has to learn how waves go on, not one wave.
The loss is the mean square of the error, and its gradient with respect to the height is given.
What is shown is a wave that it goes on with by itself, feeding on its own answers.
"""

import torch

TRAINS = ["ex28", "ex03b"]
STEPS, RATE, MOMENTUM = 800, 0.05, 0.9


def begin():
    return dict(Wx=torch.randn(2, 24) * 0.5, Wh=torch.randn(24, 24) * 0.15, W=torch.randn(24, 1) * 0.2)


def batch(step, p):
    speed, phase = torch.rand(64, 1) * 0.6 + 0.4, torch.rand(64, 1) * 6.28
    heights = torch.sin(phase + speed * torch.arange(4.0))
    ones = torch.ones(64, 1)
    x1, x2, x3 = (torch.cat([heights[:, t : t + 1], ones], 1) for t in range(3))
    return dict(x1=x1, x2=x2, x3=x3, height=heights[:, 3:])


def said(ex, p, x1, x2, x3):
    return ex.ex03b(a=ex.ex28(x1=x1, x2=x2, x3=x3, Wx=p.Wx, Wh=p.Wh), b=p.W)


def model(ex, p, b):
    return said(ex, p, b.x1, b.x2, b.x3)


def loss(y, b):
    return ((y - b.height) ** 2).mean()


def sample(ex, p):
    heights = [float(h) for h in torch.sin(0.7 * torch.arange(3.0))]
    for _ in range(19):
        heights.append(float(said(ex, p, *(torch.tensor([[h, 1.0]]) for h in heights[-3:]))))
    rows = [round((h + 1.2) / 2.4 * 8) for h in heights]
    return "\n".join("".join("o" if h == row else " " for h in rows) for row in reversed(range(9)))
