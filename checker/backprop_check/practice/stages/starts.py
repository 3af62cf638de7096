"""What a practice graph begins with."""

from __future__ import annotations

from backprop_check.practice.sheet import Sheet, Stage, stage

STARTS: dict[str, Stage] = {}


@stage(STARTS, "numbers", weight=1)
def numbers(s: Sheet) -> None:
    n = s.size("N")
    x = s.given(n, names=("x",)).name
    s.say(f"{x} holds {n} numbers.")


@stage(STARTS, "rows", weight=6)
def rows(s: Sheet) -> None:
    n, d = s.size("N"), s.size(s.choose("D", "C"))
    x = s.given(n, d, names=("x",)).name
    s.say(f"{x} holds {n} rows of {d} numbers.")


@stage(STARTS, "sequences", weight=4)
def sequences(s: Sheet) -> None:
    n, t, d = s.size("N"), s.size("T"), s.size("D")
    x = s.given(n, t, d, names=("x",)).name
    s.say(f"{x} holds {n} sequences of {t} steps, and each step is a vector of {d} numbers.")


@stage(STARTS, "an embedding")
def embedding(s: Sheet) -> None:
    v, n, d = s.size("V"), s.size("N"), s.size("D")
    s.larger.append((n, v))
    table = s.normal(v, d, names=("E",))
    ix = s.draw("ix", f"torch.randint(0, {v}, ({n},))")
    emb = s.line(s.name("emb"), f"{table}[{ix}]", (n, d), "data")
    s.say(f"{table} holds a row of {d} numbers for each of {v} words, and {emb} has the rows of the {n} words in {ix}.")
    s.say(f"There are more of these than rows, so some row of {table} is read several times.")


@stage(STARTS, "an outer product", weight=2)
def outer(s: Sheet) -> None:
    n, c = s.size("N"), s.size("C")
    u, v = s.normal(n, names=("u",)), s.normal(c, names=("v",))
    y = s.line(s.name("z"), s.choose(f"torch.outer({u}, {v})", f"{u}.unsqueeze(1) * {v}"), (n, c), "pre")
    s.say(f"{y} holds every product of one of the {n} numbers of {u} with one of the {c} numbers of {v}.")


@stage(STARTS, "every pair's sum", weight=2)
def pairs(s: Sheet) -> None:
    n, c = s.size("N"), s.size("C")
    r, b = s.normal(n, "1", names=("r",)), s.normal(c, names=("b",))
    y = s.line(s.name("z"), f"{r} + {b}", (n, c), "pre")
    s.say(f"{r} is a column of {n} numbers and {b} a row of {c}: {y} holds the sum of each pair.")


@stage(STARTS, "query meets key", weight=2)
def scores(s: Sheet) -> None:
    t, d = s.size("T"), s.size("D")
    q, k = s.normal(t, d, names=("q",)), s.normal(t, d, names=("k",))
    y = s.line(s.name("z"), f"{q} @ {k}.T / {d_of(q)}**0.5", (t, t), "score")
    s.say(f"Each of {t} steps has a query in {q} and a key in {k}, both of {d} numbers.")
    s.say(f"{y} holds the product of each query with each key, over the root of their length.")


@stage(STARTS, "two heads", weight=2)
def heads(s: Sheet) -> None:
    n, t, e = s.size("N"), s.size("T"), s.size("D")
    x = s.draw(s.name("x"), f"torch.randn({n}, {t}, 2 * {e})")
    z = s.line(s.name("z"), f"{x}.view({x}.shape[0], {x}.shape[1], 2, -1)", (n, t, "2", e), "wide")
    y = s.line(s.name("q"), s.choose(f"{z}.transpose(1, 2)", f"{z}.permute(0, 2, 1, 3)"), (n, "2", t, e), "data")
    s.say(f"{x} holds {n} sequences of {t} steps, and each step has 2·{e} numbers: {e} for each of two heads.")
    s.say(f"{z} gives each head a row of its own, and {y} has the heads before the steps.")


def d_of(name: str) -> str:
    return f"{name}.shape[1]"
