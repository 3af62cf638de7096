"""Names, letter by letter: the lecture's network, trained by your backward alone.

Three letters are looked up, joined, and go through a layer, batch norm, tanh and another layer to a score for each letter that may follow: ex13
as it stands, with other sizes. Every gradient between the loss and the seven parameters is yours.
The names are made up: a script puts them together of syllables.
"""

import torch

from backprop_check.training.data import LETTERS, contexts

TRAINS = ["ex13"]
STEPS, RATE = 1000, 0.2

X, Y = contexts(3)


def begin():
    return dict(
        C=torch.randn(27, 8),
        W1=torch.randn(24, 64) * 0.3,
        b1=torch.randn(64) * 0.01,
        W2=torch.randn(64, 27) * 0.05,
        b2=torch.randn(27) * 0.01,
        bngain=torch.ones(1, 64),
        bnbias=torch.zeros(1, 64),
    )


def batch(step, p):
    ix = torch.randint(0, len(X), (64,))
    return dict(Xb=X[ix], Yb=Y[ix])


def model(ex, p, b):
    return ex.ex13(**vars(p), **vars(b))


def sample(ex, p):
    made = torch.zeros(8, 3, dtype=torch.long)
    for _ in range(12):
        # Batch norm needs a batch: letters of the names stand above those that are being made.
        rows = torch.cat([X[::40], made[:, -3:]])
        logits = ex.ex13.values(**vars(p), Xb=rows, Yb=torch.zeros(len(rows), dtype=torch.long))["logits"][-8:]
        made = torch.cat([made, torch.multinomial(torch.softmax(logits, 1), 1)], 1)
    return "\n".join("".join(LETTERS[i] for i in row).split(".")[0] or "." for row in made[:, 3:].tolist())
