"""A ring: which points of a plane lie on it.

A point is x, y and a 1. Its gates open by some products and its values are others (ex22); one product more makes a score of both (ex03b).
Without the gates the score would be a plane, and no plane is a ring.
The loss is the cross-entropy of a yes or no, and its gradient with respect to the score is given.
"""

import torch
import torch.nn.functional as F

TRAINS = ["ex22", "ex03b"]
STEPS, RATE, MOMENTUM = 600, 0.05, 0.9

points = torch.rand(400, 2) * 4 - 2
place = torch.cat([points, torch.ones(400, 1)], 1)
on = ((points.norm(dim=1) > 0.7) & (points.norm(dim=1) < 1.5)).double()[:, None]
grid = torch.cartesian_prod(torch.linspace(-1.9, 1.9, 11), torch.linspace(-1.9, 1.9, 22))


def begin():
    return dict(Wg=torch.randn(3, 24), Wu=torch.randn(3, 24), W=torch.randn(24, 1) * 0.3)


def batch(step, p):
    ix = torch.randint(0, 400, (100,))
    return dict(place=place[ix], on=on[ix])


def model(ex, p, b):
    return ex.ex03b(a=ex.ex22(x=b.place, Wg=p.Wg, Wu=p.Wu), b=p.W)


def loss(score, b):
    return F.binary_cross_entropy_with_logits(score, b.on)


def sample(ex, p):
    score = ex.ex03b(a=ex.ex22(x=torch.cat([grid, torch.ones(len(grid), 1)], 1), Wg=p.Wg, Wu=p.Wu), b=p.W)
    return "\n".join("".join("#" if s > 0 else "." for s in row) for row in score.reshape(11, 22).tolist())
