"""Digits in any light: normalised, a faint drawing is as good as a dark one.

Each drawing is as bright as chance has it, from a hundredth to a hundred times its ink. Layer normalisation (ex25) takes the light out of each
row before a linear layer (ex24) and the cross-entropy (ex23b) see it. Its dx is not needed here, for x is data: gain and bias learn.
"""

import torch

from backprop_check.training.data import digits

TRAINS = ["ex25", "ex24", "ex23b"]
STEPS, RATE, MOMENTUM = 400, 0.05, 0.9

X, Y = digits(1200)
light = 10 ** (torch.rand(1200, 1) * 4 - 2)
seen = X * light


def begin():
    return dict(gain=torch.ones(64), bias=torch.zeros(64), W=torch.randn(10, 64) / 8, b=torch.zeros(10))


def batch(step, p):
    ix = torch.randint(0, 800, (64,))
    return dict(x=seen[ix], y=Y[ix])


def scores(ex, p, x):
    return ex.ex24(x=ex.ex25(x=x, gain=p.gain, bias=p.bias), W=p.W, b=p.b)


def model(ex, p, b):
    return ex.ex23b(logits=scores(ex, p, b.x), y=b.y)


def sample(ex, p):
    right = scores(ex, p, seen[800:]).argmax(1) == Y[800:]
    faint, dark = light[800:, 0] < 0.1, light[800:, 0] > 10
    return f"right: {right.sum()} of 400\nof the faintest: {right[faint].sum()} of {faint.sum()}\nof the darkest: {right[dark].sum()} of {dark.sum()}"
