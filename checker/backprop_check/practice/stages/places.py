"""Where numbers stand: looked up, picked, turned, joined, cut, and read against each other."""

from __future__ import annotations

from backprop_check.practice.sheet import Full, Sheet, Stage, code, stage

PLACES: dict[str, Stage] = {}


@stage(PLACES, "picking rows", "data act", "2")
def picked_rows(s: Sheet) -> None:
    x = s.at
    if len(x.axes[0]) > 1:
        raise Full
    m = s.size("M")
    s.larger.append((m, x.axes[0]))
    ix = s.draw(s.name("ix"), f"torch.randint(0, {x.axes[0]}, ({m},))")
    y = s.line(s.name("picked"), f"{x.name}[{ix}]", (m, x.axes[1]), x.kind)
    s.say(f"{ix} picks {m} rows of {x.name} for {y}, more than there are: some row is picked several times.")


@stage(PLACES, "one step of each", "data act soft", "3")
def one_step(s: Sheet) -> None:
    x = s.at
    at, called = s.random.choice((("-1", "last"), ("0", "first")))
    y = s.line(s.name("v"), f"{x.name}[:, {at}]", (x.axes[0], x.axes[2]), x.kind)
    s.say(f"{y} is the {called} step of each sequence: the other steps go no further.")


@stage(PLACES, "steps in time", "data", "3", weight=4)
def change(s: Sheet) -> None:
    x = s.at
    y = s.line(s.name("move"), f"{x.name}[:, 1:] - {x.name}[:, :-1]", (x.axes[0], f"{x.axes[1]}-1", x.axes[2]), "pre")
    s.say(f"{y} is how far each step is from the one before it: a step in the middle is used twice.")


@stage(PLACES, "columns cut out", "data", "2 3")
def cut(s: Sheet) -> None:
    x = s.at
    if len(x.axes[-1]) > 1:
        raise Full
    axes = (*x.axes[:-1], f"{x.axes[-1]}-1")
    y = s.line(s.name("part"), f"{x.name}[..., 1:]", axes, "data")
    s.say(f"{y} is {x.name} without the first of its {x.axes[-1]} columns.")


@stage(PLACES, "all steps as rows", "data act soft", "3")
def flattened(s: Sheet) -> None:
    x = s.at
    if max(map(len, x.axes)) > 1:
        raise Full
    y = s.line(s.name("flat"), f"{x.name}.reshape(-1, {x.name}.shape[2])", (f"{x.axes[0]}·{x.axes[1]}", x.axes[2]), x.kind)
    s.say(f"{y} has all steps of all sequences below each other, one a row.")


@stage(PLACES, "each sequence laid out flat", "data act soft pre", "3")
def laid_out(s: Sheet) -> None:
    x = s.at
    if max(map(len, x.axes)) > 1:
        raise Full
    y = s.line(s.name("flat"), f"{x.name}.flatten(1)", (x.axes[0], f"{x.axes[1]}·{x.axes[2]}"), x.kind)
    s.say(f"{y} has the steps of each sequence one behind the other, in one row.")


@stage(PLACES, "steps first", "data", "3", weight=4)
def steps_first(s: Sheet) -> None:
    x = s.at
    n, t, d = x.axes
    y = s.line(s.name("xt"), s.choose(f"{x.name}.transpose(0, 1)", f"{x.name}.permute(1, 0, 2)"), (t, n, d), "turned")
    s.say(f"{y} has the same numbers with the steps before the sequences.")


@stage(PLACES, "a gain per step", "turned", "3", weight=4)
def turned_gain(s: Sheet) -> None:
    x = s.at
    g = s.normal(x.axes[0], "1", "1", names=("g",))
    y = s.line(s.name("y"), f"{x.name} * {g}", x.axes, "pre")
    s.say(f"{g} holds one factor per step, and {y} has each step of {x.name} times it.")


@stage(PLACES, "a product from the left", "data soft", "2")
def from_left(s: Sheet) -> None:
    x = s.at
    m = s.size("M", "K")
    a = s.normal(m, x.axes[0], names=("A",), scaled=x.axes[0])
    y = s.line(s.name("mix", "z"), f"{a} @ {x.name}", (m, x.axes[1]), "pre")
    s.say(f"Each of the {m} rows of {y} mixes the {x.axes[0]} rows of {x.name}, by the weights in {a}.")


@stage(PLACES, "columns turned into rows", "data soft", "2")
def turned_product(s: Sheet) -> None:
    x = s.at
    m = s.size("M", "K")
    w = s.normal(x.axes[0], m, names=("U",), scaled=x.axes[0])
    y = s.line(s.name("z", "o"), f"{x.name}.T @ {w}", (x.axes[1], m), "pre")
    s.say(f"{x.name} is turned over, so that its columns become rows, and {y} is their product with the weights {w}.")


@stage(PLACES, "every row with every row", "data norm", "2")
def gram(s: Sheet) -> None:
    x = s.at
    y = s.line(s.name("sim"), f"{x.name} @ {x.name}.T", (x.axes[0], x.axes[0]), "score")
    s.say(f"{y} holds the dot product of each row of {x.name} with each row, itself too: {x.name} is on both sides.")


@stage(PLACES, "a causal mask", "score", "2", weight=8)
def causal(s: Sheet) -> None:
    x = s.at
    if x.axes[0] != "T":
        raise Full
    later = s.draw(s.name("later"), f"torch.ones({x.axes[0]}, {x.axes[0]}).triu(1).bool()")
    y = s.line(s.name("past"), f"{x.name}.masked_fill({later}, -1e9)", x.axes, "mask")
    p = s.line(s.name("probs"), f"torch.softmax({y}, 1)", x.axes, "weights")
    s.say(f"{later} marks the steps that come later, which a step must not look at: in {y} they are so low that softmax gives them 0.")
    s.say(f"Each row of {p} sums to 1.")


@stage(PLACES, "a mean of values", "prob weights", "2", weight=8)
def attend(s: Sheet) -> None:
    x = s.at
    if x.axes[0] != x.axes[1]:
        raise Full
    c = s.size("C", "H")
    v = s.normal(x.axes[0], c, names=("v",))
    y = s.line(s.name("o", "y"), f"{x.name} @ {v}", (x.axes[0], c), "pre")
    s.say(f"{v} holds a value of {c} numbers for each step, and {y} their means with the weights in {x.name}.")


@stage(PLACES, "two parts joined", "data act soft", "2")
def joined(s: Sheet) -> None:
    x = s.at
    d = s.size("K", "M")
    other = s.normal(x.axes[0], d, names=("side",))
    y = s.line(s.name("both"), f"torch.cat(({x.name}, {other}), 1)", (x.axes[0], f"{x.axes[1]}+{d}"), "act" if x.kind == "act" else "data")
    s.say(f"{y} has each row of {x.name}, and behind it the same row of {other}.")


@stage(PLACES, "distance to a centre", "data act soft", "2")
def distance(s: Sheet) -> None:
    x = s.at
    c = s.normal(x.axes[1], names=("c",))
    diff = s.line(s.name("diff"), f"{x.name} - {c}", x.axes, "wide")
    y = s.line(s.name("dist"), f"({diff}**2).sum(1)", x.axes[:1], "act")
    s.say(f"{c} is a point and {diff} the way from it to each row of {x.name}, whose squared length is {y}.")


@stage(PLACES, "row meets row", "data norm soft", "2")
def dot(s: Sheet) -> None:
    x = s.at
    key = s.normal(*x.axes, names=("key",))
    y = s.line(s.name("f", "o"), f"({x.name} * {key}).sum(1)", x.axes[:1], "pre")
    s.say(f"{y} is the dot product of each row of {x.name} with the same row of {key}.")


@stage(PLACES, "the label's number", "logprob", "2", weight=12)
def picked(s: Sheet) -> None:
    x = s.at
    y = s.draw(s.name("Y"), f"torch.randint(0, {code(x.axes[1])}, ({code(x.axes[0])},))")
    p = s.line(s.name("p"), f"{x.name}[torch.arange({y}.shape[0]), {y}]", x.axes[:1], "chosen")
    s.say(f"{y} holds the right label of each row, and {p} what {x.name} has there.")
