"""Which digit is it: a classifier of drawn digits, from ink to loss.

A product makes ten scores of the 64 points of a drawing (ex03b; a 65th point is always 1, and its weights are the bias).
Your softmax and cross-entropy (ex12) make a loss of them, so every gradient between loss and weights is yours.
The digits are drawn by a script, each moved, turned and bent by chance. Those shown were never trained on.
"""

import torch

from backprop_check.training.data import digits

TRAINS = ["ex03b", "ex12"]
STEPS, RATE, MOMENTUM = 500, 0.1, 0.9

X, Y = digits(1200)
ink = torch.cat([X, torch.ones(1200, 1)], 1)


def begin():
    return dict(W=torch.randn(65, 10) * 0.1)


def batch(step, p):
    ix = torch.randint(0, 800, (64,))
    return dict(ink=ink[ix], Y=Y[ix])


def model(ex, p, b):
    return ex.ex12(logits=ex.ex03b(a=b.ink, b=p.W), Y=b.Y)


def sample(ex, p):
    says = ex.ex03b(a=ink[800:], b=p.W).argmax(1)
    right = (says == Y[800:]).sum()
    lines = [(name, " ".join(map(str, which[:10].tolist()))) for name, which in (("drawn", Y[800:]), ("says", says))]
    return "\n".join([*(f"{name:6}{row}" for name, row in lines), f"right: {right} of 400"])
