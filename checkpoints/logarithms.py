"""A table of logarithms: numbers whose exp is 1, 2, 3 and so on.

exp is all that is given, as in ex07. Ten numbers begin at 0, and training moves each of them until its exp is what stands in the table.
Nobody tells them the logarithm: it is what they end at.
The loss is the mean of (c - y)**2, and its gradient with respect to c is given, as dc was in the exercise.
"""

import torch

TRAINS = ["ex07"]
STEPS, RATE = 120, 0.03

y = torch.arange(1.0, 11.0)


def begin():
    return dict(a=torch.zeros(10))


def batch(step, p):
    return dict(y=y)


def model(ex, p, b):
    return ex.ex07(a=p.a)


def loss(c, b):
    return ((c - b.y) ** 2).mean()


def sample(ex, p):
    return "\n".join(f"exp({a:6.3f}) = {c:6.3f}" for a, c in zip(p.a.tolist(), ex.ex07(a=p.a).tolist(), strict=True))
