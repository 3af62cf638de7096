"""Digits through a bottleneck: 64 points of ink, written as 10 numbers and drawn again from these.

Two matrix products stand one behind the other: W1 makes 10 numbers of the 64 points of a drawing, W2 makes 64 points of these.
What comes back from the second product to its left factor is what arrives at the first one, so both of your answers to ex03b are used.
The loss is the mean square of what is missing, and its gradient with respect to the drawing is given.
The digits are drawn by a script, each moved, turned and bent by chance.
"""

import torch

from backprop_check.training.data import beside, digits, drawn

TRAINS = ["ex03b"]
STEPS, RATE, MOMENTUM = 400, 2.0, 0.9

X, _ = digits(400)
shown = X[1:2]


def begin():
    return dict(W1=torch.randn(64, 10) * 0.1, W2=torch.randn(10, 64) * 0.1)


def batch(step, p):
    return dict(X=X[torch.randint(0, len(X), (64,))])


def model(ex, p, b):
    code = ex.ex03b(a=b.X, b=p.W1)
    return ex.ex03b(a=code, b=p.W2)


def loss(Z, b):
    return ((Z - b.X) ** 2).mean()


def sample(ex, p):
    again = ex.ex03b(a=ex.ex03b(a=shown, b=p.W1), b=p.W2)
    return beside([drawn(shown), drawn(again)])
