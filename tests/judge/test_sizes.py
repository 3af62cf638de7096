"""Hard-coded sizes: right at the nominal ones, wrong or raising at others."""

from __future__ import annotations

import itertools

from asking import Judge
from graphs import MLP, NORMED, SCALED

from backprop_check.exercise.sizes import choose_sizes


def test_hard_coded_sizes(ask: Judge) -> None:
    ask.table(
        MLP,
        """
        do = 2 * o / 6                                      # -> incorrect hard-coded-size
        do = o / 3                                          # -> incorrect hard-coded-size
        do = (2 * o / n).reshape(6, 3)                      # -> incorrect hard-coded-size
        do = (2 * o / n)[:6, :3]                            # -> incorrect hard-coded-size
        do = 2 * o / 32                                     # -> incorrect
        do = 2 * o / len(o)                                 # -> correct
        dW2 = sum(torch.outer(h[i], do[i]) for i in range(6))   # -> incorrect hard-coded-size
        dW2 = sum(torch.outer(h[i], do[i]) for i in range(n))   # -> correct
        dW2 = h.T @ do if n == 6 else None                  # -> incorrect hard-coded-size
        dW2 = h.T @ do if n == 6 else 1 / 0                 # -> incorrect hard-coded-size
        dW2 = h.T @ do if n == 6 else undefined             # -> incorrect hard-coded-size
        dh = (do @ W2.T).view(6, -1)                        # -> incorrect hard-coded-size
        dh = torch.zeros(6, 5) + do @ W2.T                  # -> incorrect hard-coded-size
        db1 = dpre.sum(0) * (6 / n)                         # -> incorrect hard-coded-size
        db1 = dpre.sum(0).expand(5)                         # -> incorrect hard-coded-size
        db1 = dpre.sum(1)                                   # -> incorrect
        dx = torch.zeros(6, 4); dx += dpre @ W1.T           # -> incorrect hard-coded-size
        dx = dpre @ W1                                      # -> error
        """,
    )
    ask.table(
        NORMED,
        """
        ddiff2 = dvar.expand(8, -1) / 7                     # -> incorrect hard-coded-size
        ddiff2 = dvar.expand(n, -1) / 7                     # -> incorrect hard-coded-size
        dpre = ddiff + dmean / 8                            # -> incorrect hard-coded-size
        """,
    )


def test_a_shape_that_is_right_at_one_choice_only(ask: Judge) -> None:
    ask.table(
        SCALED,
        """
        ds = (counts * dprobs).sum(1, keepdim=True).reshape(7, 1)   # -> incorrect hard-coded-size
        ds = (counts * dprobs).sum(1).reshape(-1, 1)                # -> correct
        db = dmoved.sum(0)[:3]                                      # -> incorrect hard-coded-size
        db = dmoved.sum(0).reshape(3)                               # -> incorrect hard-coded-size
        """,
    )


def test_small_sizes_in_the_others_right_again(ask: Judge) -> None:
    """Wrong at one other choice and right at the next: no size of the file's explains it."""
    judged = ask.body(MLP, "do = 2 * o / (n if n != 8 else 6)")
    assert judged.verdicts["do"].status in ("incorrect", "correct")
    assert "hard-coded-size" not in judged.verdicts["do"].why


REPEATS = '''
"""At the nominal sizes an index seldom repeats; at the others it always does."""
import torch

def inputs(N=2, V=4):
    return dict(table=torch.randn(V, 3), X=torch.randint(0, V, (N,)) if N == 2 else torch.randint(0, 2, (N,)))

def forward(table, X):
    rows = table[X]
    loss = rows.square().sum()
    return loss

def backward(table, X, rows, loss):
    drows = ...
    dtable = ...
'''


def test_right_by_the_chance_of_a_seed_is_no_hard_coded_size(ask: Judge) -> None:
    graph = ask.graph(REPEATS)

    def repeats(seed: int) -> bool:
        return len(graph.inputs(graph.sizes[0], seed)["X"].unique()) < 2

    apart = [seed for seed in range(1000, 2000) if not repeats(seed)]
    same = [seed for seed in range(1000, 2000) if repeats(seed)]
    rows = "drows = 2 * rows  # -> correct\ndtable = torch.zeros_like(table)\ndtable[X] += drows  # -> incorrect"
    for seeds in ([apart[0], 1, 2, same[0], *apart[1:]], [apart[0], 1, 2, apart[1], same[0], *apart[2:]]):
        ask.marks(REPEATS, rows, seeds=iter(seeds).__next__)
    ask.marks(REPEATS, rows, seeds=iter([same[0], 1, 2, *apart]).__next__)
    right = rows.replace("dtable[X] += drows  # -> incorrect", "dtable.index_add_(0, X, drows)  # -> dtable: correct")
    ask.marks(REPEATS, right, seeds=iter(apart).__next__)


def test_no_two_trials_share_a_seed(ask: Judge) -> None:
    drawn = []
    counter = itertools.count(50)

    def seeds() -> int:
        drawn.append(next(counter))
        return drawn[-1]

    judged = ask.body(MLP, "do = 2 * o.float() / 6\ndW2 = h.T @ do\ndh = do @ W2.T", seeds=seeds)
    runs = [run.trial.seed for verdict in judged.verdicts.values() for run in verdict.runs]
    assert set(runs) <= set(drawn)
    assert len(drawn) == len(set(drawn)) >= 6


def test_all_sizes_differ(ask: Judge) -> None:
    for nominal in ({"N": 7, "C": 3}, {"N": 2, "M": 3, "K": 4}, {"A": 5}, {"N": 32, "V": 27, "H": 64, "E": 10, "B": 3}):
        choices = choose_sizes(nominal)
        assert len(choices) >= 3
        for choice in choices:
            assert len(set(choice.values())) == len(choice) and min(choice.values()) > 1
        assert all(choice[name] != nominal[name] for choice in choices[1:] for name in nominal)


LISTED = """
import torch

SIZES = [dict(D=6, heads=2), dict(D=12, heads=3)]

def inputs(D=6, heads=2):
    assert D % heads == 0
    return dict(x=torch.randn(4, D))

def forward(x):
    y = x * 2
    loss = y.square().sum()
    return loss

def backward(x, y, loss):
    dy = ...
    dx = ...
"""


def test_listed_sizes(ask: Judge) -> None:
    ask.table(LISTED, "dy = 2 * y  # -> correct\ndy = 2 * y.reshape(4, 6)  # -> incorrect hard-coded-size\ndx = 2 * dy  # -> correct")


SHAPED = '''
"""The rank of nothing depends on a size; one size is used twice."""
import torch

def inputs(N=4, C=2):
    return dict(x=torch.randn(N, C, N))

def forward(x):
    y = x.transpose(0, 2)
    z = y * torch.arange(x.shape[0])[:, None, None]
    loss = z.sum()
    return loss

def backward(x, y, z, loss):
    dz = ...
    dy = ...
    dx = ...
'''


def test_square_axes(ask: Judge) -> None:
    ask.table(
        SHAPED,
        """
        dx = dy.transpose(0, 2)     # -> correct
        dx = dy                     # -> incorrect
        dx = dy.T                   # -> correct
        """,
    )
