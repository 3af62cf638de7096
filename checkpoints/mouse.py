"""A mouse and its cheese: what went well becomes more likely.

A mouse runs on a floor of 5 x 7 tiles, with a wall in it, until it finds the cheese or is tired. W holds, for each tile, a score for each
of four ways to go: the tile looks up its row by a product (ex03b), and the policy gradient (ex34) makes the ways that led to cheese sooner
than usual more likely. No one ever tells it the right way. adv is measured, and is not trained.
The mice run by the W of their own training, so a wrong gradient spoils what there is to learn from, too.
"""

import torch

TRAINS = ["ex03b", "ex34"]
STEPS, RATE = 250, 12.0

ROWS, COLUMNS, CHEESE = 5, 7, 34
WALL = {3, 10, 17, 24}
WAYS = [(-1, 0), (1, 0), (0, -1), (0, 1)]
FREE = [tile for tile in range(ROWS * COLUMNS) if tile not in WALL and tile != CHEESE]
onto = torch.empty(ROWS * COLUMNS, 4, dtype=torch.long)
for tile in range(ROWS * COLUMNS):
    for way, (down, right) in enumerate(WAYS):
        row, column = tile // COLUMNS + down, tile % COLUMNS + right
        there = row * COLUMNS + column
        onto[tile, way] = there if 0 <= row < ROWS and 0 <= column < COLUMNS and there not in WALL else tile
tiles = torch.eye(ROWS * COLUMNS)


def begin():
    return dict(W=torch.zeros(ROWS * COLUMNS, 4))


def batch(step, p):
    ways = torch.softmax(p.W, 1)
    at = torch.tensor(FREE)[torch.randint(0, len(FREE), (40,))]
    stood, went, runs = [], [], []
    for _ in range(20):
        way = torch.multinomial(ways[at], 1)[:, 0]
        stood.append(at)
        went.append(way)
        runs.append(at != CHEESE)
        at = torch.where(at == CHEESE, at, onto[at, way])
    left = torch.stack([*runs, at != CHEESE]).double()
    worth = (1 - left[-1]) * 0.9 ** left[:-1].flip(0).cumsum(0).flip(0)  # the sooner the cheese, the more
    alive = torch.stack(runs)
    adv = worth[alive] - worth[alive].mean()
    return dict(tile=tiles[torch.stack(stood)[alive]], act=torch.stack(went)[alive], adv=adv)


def model(ex, p, b):
    return ex.ex34(logits=ex.ex03b(a=b.tile, b=p.W), adv=b.adv, act=b.act)


def sample(ex, p):
    sure, best = torch.softmax(p.W, 1).max(1)
    signs = ["^v<>"[way] if s > 0.4 else "." for way, s in zip(best.tolist(), sure.tolist(), strict=True)]
    for wall in WALL:
        signs[wall] = "#"
    signs[CHEESE] = "*"
    return "\n".join(" ".join(signs[row * COLUMNS : (row + 1) * COLUMNS]) for row in range(ROWS))
