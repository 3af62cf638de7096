"""Sizes: none of the trials' relations stands in all of them, and what is right at some sizes only is found out."""

from __future__ import annotations

import itertools
import sys

import pytest
from asking import COURSE, Judge
from graphs import MLP, NORMED, SCALED

from backprop_check.authoring.relations import standing
from backprop_check.errors import BadInput
from backprop_check.exercise.parse import read_exercise
from backprop_check.exercise.sizes import axis_name, choose_sizes, may_be, nominal_name, written_order
from backprop_check.trace.graph import load_graph
from backprop_check.trace.oracle import trace

sys.path.insert(0, str(COURSE / "benchmarks"))

import relations


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


@pytest.mark.parametrize("choice", [1, 2])
def test_wrong_at_one_other_choice_is_enough(ask: Judge, choice: int) -> None:
    size = ask.graph(MLP).sizes[choice]["N"]
    judged = ask.body(MLP, f"do = 2 * o / (n if n != {size} else 6)")
    assert judged.verdicts["do"].status == "incorrect"
    assert "hard-coded-size" in judged.verdicts["do"].why


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


def test_no_relation_stands_in_all_trials() -> None:
    _, tried, standing = relations.left_standing(
        [*relations.random_choices(1000), *itertools.islice(relations.related_choices(12), 0, None, 2)]
    )
    assert tried.total() > 500_000
    assert not standing, standing


def test_the_count_of_relations_sees_those_that_stand() -> None:
    def linear(nominal: relations.Sizes) -> list[dict[str, int]]:
        order = sorted(nominal.values())
        return [{name: n + step * (1 + order.index(n)) for name, n in nominal.items()} for step in range(3)]

    _, tried, standing = relations.left_standing(relations.related_choices(5), linear)
    assert len(standing) > len(tried) / 2


def test_no_dimension_has_a_false_name() -> None:
    told = relations.names_told([*relations.random_choices(150, seed=1), *itertools.islice(relations.related_choices(12), 0, None, 20)])
    assert not told["a false name"]
    assert told["their name"] > told["a number"] / 2


def test_all_sizes_differ_keep_their_order_and_stay_small() -> None:
    some = [
        {"A": 5},
        {"N": 32, "V": 27, "H": 64, "E": 10, "B": 3},
        {"N": 1},
        {"N": 4, "C": 4},
        dict(zip("ABCDEFGHIJ", range(2, 12), strict=True)),
    ]
    for nominal in [*some, *relations.random_choices(150, seed=2)]:
        first, *others = choose_sizes(nominal)
        assert first == nominal and len(others) == 2 and choose_sizes(nominal) == [first, *others]
        for choice in others:
            assert len(set(choice.values())) == len(choice) and min(choice.values()) > 1
            assert all(choice[name] > nominal[name] for name in nominal)
            assert all(choice[n] - choice[m] >= nominal[n] - nominal[m] for n in nominal for m in nominal if nominal[n] > nominal[m])
            assert max(choice[name] - nominal[name] for name in nominal) <= 4 * len(nominal)


PARITY = '''
"""Half of the rows are used."""
import torch

def inputs(N=8, C=3):
    return dict(x=torch.randn(N, C))

def forward(x):
    h = x[: x.shape[0] // 2]
    y = torch.tanh(h)
    return y

def backward(x, h, y, dy):
    dh = ...
    dx = ...
'''


@pytest.mark.parametrize("rows", [8, 7, 12, 5])
def test_an_answer_that_is_right_for_even_or_odd_sizes_only(ask: Judge, rows: int) -> None:
    answers = {
        "dx = torch.cat([dh, torch.zeros_like(dh)])": "incorrect",
        "dx = torch.cat([dh, torch.zeros_like(dh), torch.zeros_like(dh[:1])])": "incorrect",
        "dx = torch.cat([dh, torch.zeros(x.shape[0] - h.shape[0], x.shape[1])])": "correct",
    }
    exercise = PARITY.replace("N=8", f"N={rows}")
    for answer, status in answers.items():
        judged = ask.body(exercise, f"dh = (1 - y**2) * dy\n{answer}")
        assert [judged.verdicts[name].status for name in ("dh", "dx")] == ["correct", status], answer
        right_today = status == "incorrect" and answer.count("zeros_like") - 1 == rows % 2
        assert ("hard-coded-size" in judged.verdicts["dx"].why) == right_today, answer


MEAN = '''
"""A mean over rows."""
import torch

def inputs(N=4, C=8, D=12):
    return dict(x=torch.randn(N, C), w=torch.randn(D, C))

def forward(x, w):
    m = x.mean(0)
    y = torch.tanh(m) * w
    loss = y.square().mean()
    return loss

def backward(x, w, m, y, loss):
    dy = ...
    dm = ...
    dx = ...
'''


def test_a_size_is_no_other_and_no_sum_or_product_of_others(ask: Judge) -> None:
    """N = 4, C = 2N, D = N + C = 3N: in no other trial."""
    ask.table(
        MEAN,
        """
        dy = 2 * y / y.numel()                              # -> correct
        dy = y / (x.shape[0] * w.shape[0])                  # -> incorrect hard-coded-size
        dy = 2 * y / (x.numel() * 3)                        # -> incorrect hard-coded-size
        dx = torch.ones_like(x) * dm / (x.shape[1] / 2)     # -> incorrect hard-coded-size
        dx = torch.ones_like(x) * dm / (w.shape[0] - x.shape[1])    # -> incorrect hard-coded-size
        dx = torch.ones_like(x) * dm / (w.shape[0] / 3)     # -> incorrect hard-coded-size
        dx = torch.ones_like(x) * dm / 4                    # -> incorrect hard-coded-size
        dx = torch.ones_like(x) * dm / x.shape[0]           # -> correct
        """,
    )


CODE = '''
"""Rows through a wider layer and back; 2/(n·D) is 1/H at these sizes."""
import torch

def inputs(N=4, D=3, H=6):
    return dict(x=torch.randn(N, D), Wm=torch.randn(D, H), v=torch.randn(H, 8))

def forward(x, Wm, v):
    z = x @ Wm
    err = z @ Wm.T - x
    loss = err.square().mean()
    a = torch.tanh(z @ v).mean(1)
    total = loss + a.sum()
    return total

def backward(x, Wm, v, z, err, loss, a, total):
    derr = ...
    dv = ...
'''


def test_a_size_is_no_product_of_others_times_a_number_and_no_number_of_the_forward(ask: Judge) -> None:
    ask.table(
        CODE,
        """
        derr = err / Wm.shape[1]                            # -> incorrect hard-coded-size
        derr = 2 * err / err.numel()                        # -> correct
        derr = 2 * err / (2 * Wm.shape[1])                  # -> incorrect hard-coded-size
        dv = z.T @ ((1 - torch.tanh(z @ v)**2) / v.shape[1])            # -> correct
        dv = z.T @ ((1 - torch.tanh(z @ v)**2) / (2 * x.shape[0]))      # -> incorrect hard-coded-size
        dv = z.T @ ((1 - torch.tanh(z @ v)**2) / (Wm.shape[1] + 2))     # -> incorrect hard-coded-size
        """,
    )


def names(formulas: str, sizes: list[dict[str, int]]) -> str:
    return ", ".join(axis_name([eval(f, {}, dict(s)) for s in sizes], sizes) for f in formulas.split(", "))


def test_axes_are_named_where_one_reading_is_left() -> None:
    sizes = choose_sizes({"N": 6, "B": 3, "E": 10, "T": 12})
    assert names("N, B*E, 2*N, N-1, T+1, T//2, N+T, T-B+1, 3*B*E, N*B*E, N*N, 7", sizes) == (
        "N, B·E, 2·N, N-1, T+1, T//2, N+T, T-B+1, 3·B·E, N·B·E, N·N, 7"
    )
    even = [{"N": 6, "H": 4}, {"N": 7, "H": 8}, {"N": 9, "H": 6}]
    assert names("H//2, 2*H, H", even) == "H/2, 2·H, H"
    multiple = [{"D": 6, "heads": 3}, {"D": 8, "heads": 4}, {"D": 10, "heads": 5}]
    assert names("D, heads, D*heads", multiple) == "6, 3, 18"
    assert axis_name([6], [{"N": 6, "C": 3}]) == "6"
    assert axis_name([6], []) == "6"


def test_products_are_named_in_the_order_of_the_file() -> None:
    assert written_order("W = randn(B * E, H)  # and N·V, not E * B", ["N", "V", "H", "E", "B"]) == ["N", "V", "H", "B", "E"]
    assert written_order("x = randn(3 * H * D, 2 * A)", ["D", "A", "H"]) == ["H", "A", "D"]
    graph = load_graph(read_exercise(next((COURSE / "exercises").glob("ex13_*.py"))))
    assert names("B*E", list(graph.sizes)) == "B·E"  # type: ignore[arg-type]


def test_a_number_is_named_by_the_one_size_that_it_is_today() -> None:
    sizes = {"N": 6, "C": 3, "T": 2}
    assert [nominal_name(n, sizes) for n in (6, 3, 18, 36, 7, 12)] == ["N", "C", "N·C", "N·N", None, "N·T"]
    assert may_be(5, sizes) and not may_be(1000, sizes)


def test_a_forward_that_cannot_take_other_sizes_says_so(ask: Judge) -> None:
    graph = ask.graph(LISTED.replace("SIZES =", "OTHERS ="))
    with pytest.raises(BadInput, match=r"AssertionError.*\(at D=\d+, heads=3, .* SIZES = \[dict\(D=6, heads=2\), \.\.\.\]\)"):
        [trace(graph, 1, sizes) for sizes in graph.sizes]


def test_relations_that_listed_sizes_leave_are_told_in_words() -> None:
    def told(*rows: str) -> list[str]:
        return standing([dict(zip("abc", map(int, row.split()), strict=False)) for row in rows])

    assert told("6 3", "8 4", "10 5") == ["a is even", "a = 2·b"]
    assert told("6 2", "12 3", "15 5") == []
    assert told("3 4 7", "5 7 12", "4 9 13") == ["c = a + b"]
    assert told("3 4 12", "5 6 30", "4 9 36")[-1] == "c = a·b"
    assert told("9 3 7", "11 4 8", "14 6 9") == ["b + c = a + 1"]
    assert told("7 3", "8 3", "5 3") == ["b = 3"]
    assert told("3 7", "4 6", "6 4") == ["a + b = 10"]


def test_of_more_than_two_listed_choices_those_that_leave_fewest_relations() -> None:
    nominal, alike, also, other = ({"D": d, "heads": h} for d, h in ((6, 3), (8, 4), (10, 5), (15, 5)))
    assert standing([nominal, alike, also]) and not standing(choose_sizes(nominal, [alike, nominal, also, other]))
    assert choose_sizes(nominal, [alike, also]) == [nominal, alike, also]


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
