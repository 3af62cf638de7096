"""Digits with gaps: a network that learns to do without one unit in four.

Between two linear layers (ex24) stands a function of your own (ex47): tanh, a weight for each unit, and a mask that silences a quarter of them,
drawn anew at each step. Its backward gives the first layer its gradient, and the weights theirs. The loss is the cross-entropy (ex23b). At the
end all units may speak, then only half of them.
"""

import torch

from backprop_check.training.data import digits

TRAINS = ["ex24", "ex47", "ex23b"]
STEPS, RATE, MOMENTUM = 300, 0.1, 0.9
UNITS = 48

X, Y = digits(1200)


def begin():
    return dict(
        W1=torch.randn(UNITS, 64) / 8,
        b1=torch.zeros(UNITS),
        w=torch.ones(UNITS),
        W2=torch.randn(10, UNITS) / UNITS**0.5,
        b2=torch.zeros(10),
    )


def batch(step, p):
    ix = torch.randint(0, 800, (64,))
    return dict(x=X[ix], y=Y[ix], keep=torch.rand(64, UNITS) > 0.25)


def scores(ex, p, x, keep):
    return ex.ex24(x=ex.ex47(x=ex.ex24(x=x, W=p.W1, b=p.b1), w=p.w, keep=keep), W=p.W2, b=p.b2)


def model(ex, p, b):
    return ex.ex23b(logits=scores(ex, p, b.x, b.keep), y=b.y)


def sample(ex, p):
    right = []
    for one_in in (1, 2):
        keep = (torch.arange(UNITS) % one_in == 0).expand(400, UNITS)
        right.append((scores(ex, p, X[800:], keep).argmax(1) == Y[800:]).sum().item())
    return f"right: {right[0]} of 400\nwith every second unit silent: {right[1]} of 400"
