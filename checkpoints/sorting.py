"""Sorting letters: a transformer is shown four letters, and writes them down in order.

Every (letter, place) pair has a vector of its own, looked up in a table (ex19). The block of ex37 makes new vectors of them; those that stand
where an answer is due are picked (ex19 once more), multiplied into a score for each letter (ex03b) and held against the right one (ex23b).
Sixteen rows of letters are trained at once, one below the other: the mask keeps each to itself, and from looking ahead.
The right order is nowhere but in the loss. What is shown are letters that it was asked for after training, its own answers fed back.
"""

import torch

TRAINS = ["ex19", "ex37", "ex03b", "ex23b"]
STEPS, RATE, MOMENTUM = 500, 0.05, 0.9

LETTERS, N, MANY, D, H = "abcdefgh", 4, 16, 24, 48
T = 2 * N  # the letters, a colon, and all of the answer but its last letter
V = len(LETTERS) + 1


def rows(letters):
    """The (letter, place) pairs of each row, one below the other, and the mask that keeps rows apart."""
    count, long = letters.shape
    within = torch.ones(long, long).tril().bool()
    ahead = ~torch.block_diag(*[within] * count).bool()
    return (letters * T + torch.arange(long)).flatten(), ahead


def begin():
    return dict(
        E=torch.randn(V * T, D) * 0.7,
        Wq=torch.randn(D, D) / 5,
        Wk=torch.randn(D, D) / 5,
        Wv=torch.randn(D, D) / 5,
        W1=torch.randn(D, H) / 5,
        W2=torch.randn(H, D) / 10,
        W=torch.randn(D, len(LETTERS)) / 5,
    )


def batch(step, p):
    given = torch.rand(MANY, len(LETTERS)).argsort(1)[:, :N]
    answer = given.sort(1).values
    ix, ahead = rows(torch.cat([given, torch.full((MANY, 1), V - 1), answer[:, :-1]], 1))
    due = (torch.arange(MANY)[:, None] * T + torch.arange(N, T)).flatten()
    return dict(ix=ix, ahead=ahead, due=due, y=answer.flatten())


def scores(ex, p, ix, ahead, due):
    x = ex.ex19(E=p.E, ix=ix)
    y = ex.ex37(x=x, Wq=p.Wq, Wk=p.Wk, Wv=p.Wv, W1=p.W1, W2=p.W2, ahead=ahead)
    return ex.ex03b(a=ex.ex19(E=y, ix=due), b=p.W)


def model(ex, p, b):
    return ex.ex23b(logits=scores(ex, p, b.ix, b.ahead, b.due), y=b.y)


def sample(ex, p):
    given = torch.rand(200, len(LETTERS)).argsort(1)[:, :N]
    letters = torch.cat([given, torch.full((200, 1), V - 1)], 1)
    for _ in range(N):
        parts = []
        for some in letters.split(20):
            ix, ahead = rows(some)
            last = torch.arange(1, len(some) + 1) * some.shape[1] - 1
            parts.append(scores(ex, p, ix, ahead, last).argmax(1))
        letters = torch.cat([letters, torch.cat(parts)[:, None]], 1)
    right = (letters[:, N + 1 :] == given.sort(1).values).all(1)
    told = ["".join(LETTERS[i] for i in row[:N]) + " -> " + "".join(LETTERS[i] for i in row[N + 1 :]) for row in letters[:6].tolist()]
    return "\n".join([*told, f"right: {right.sum()} of 200"])
