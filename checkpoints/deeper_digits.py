"""Digits again, through two layers: what one product cannot tell, gates and a residual branch can.

A linear layer in nn.Linear's layout (ex24), relu with a gain for each channel (ex21), a residual branch with dropout (ex26), another linear
layer (ex24) and the cross-entropy (ex23b): six uses of five exercises, and what comes back from one is what arrives at the one before.
The digits are those of the chapter on classifiers. Those that are counted were never trained on, and nothing is dropped for them.
"""

import torch

from backprop_check.training.data import digits

TRAINS = ["ex24", "ex21", "ex26", "ex23b"]
STEPS, RATE, MOMENTUM = 600, 0.05, 0.9

X, Y = digits(1200)


def begin():
    return dict(
        W1=torch.randn(48, 64) / 8,
        b1=torch.zeros(48),
        gain=torch.ones(48),
        W=torch.randn(48, 48) / 10,
        W2=torch.randn(10, 48) / 7,
        b2=torch.zeros(10),
    )


def batch(step, p):
    ix = torch.randint(0, 800, (64,))
    return dict(x=X[ix], y=Y[ix], keep=torch.rand(64, 48) > 0.25)


def scores(ex, p, x, keep):
    r = ex.ex21(z=ex.ex24(x=x, W=p.W1, b=p.b1), w=p.gain)
    return ex.ex24(x=ex.ex26(x=r, W=p.W, keep=keep), W=p.W2, b=p.b2)


def model(ex, p, b):
    return ex.ex23b(logits=scores(ex, p, b.x, b.keep), y=b.y)


def sample(ex, p):
    says = scores(ex, p, X[800:], torch.ones(400, 48) * 0.75).argmax(1)
    right = (says == Y[800:]).sum()
    lines = [(name, " ".join(map(str, which[:10].tolist()))) for name, which in (("drawn", Y[800:]), ("says", says))]
    return "\n".join([*(f"{name:6}{row}" for name, row in lines), f"right: {right} of 400"])
