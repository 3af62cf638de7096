"""Names from two letters: look both up, join them, and say which letter follows.

The last two letters of a name are looked up in one table (ex19, twice: the table collects from both), joined, and multiplied by W (ex18) into
a score for each letter that may follow. The loss is the cross-entropy of these scores, and its gradient with respect to them is given.
The names are made up: a script puts them together of syllables.
"""

import torch
import torch.nn.functional as F

from backprop_check.training.data import LETTERS, contexts

TRAINS = ["ex18", "ex19"]
STEPS, RATE, MOMENTUM = 800, 0.5, 0.9

X, Y = contexts(2)


def begin():
    return dict(E=torch.randn(27, 12) * 0.5, W=torch.randn(24, 27) * 0.1)


def batch(step, p):
    ix = torch.randint(0, len(X), (128,))
    return dict(first=X[ix, 0], second=X[ix, 1], y=Y[ix])


def model(ex, p, b):
    return ex.ex18(a=ex.ex19(E=p.E, ix=b.first), b=ex.ex19(E=p.E, ix=b.second), W=p.W)


def loss(scores, b):
    return F.cross_entropy(scores, b.y)


def sample(ex, p):
    made = torch.zeros(8, 2, dtype=torch.long)
    for _ in range(12):
        scores = ex.ex18(a=ex.ex19(E=p.E, ix=made[:, -2]), b=ex.ex19(E=p.E, ix=made[:, -1]), W=p.W)
        made = torch.cat([made, torch.multinomial(torch.softmax(scores, 1), 1)], 1)
    return "\n".join("".join(LETTERS[i] for i in row).split(".")[0] or "." for row in made[:, 2:].tolist())
