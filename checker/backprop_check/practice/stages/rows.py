"""What looks at a whole row: means, spreads, softmax, sums, the largest."""

from __future__ import annotations

from backprop_check.practice.sheet import Sheet, Stage, stage

ROWS: dict[str, Stage] = {}
REAL = "data pre"


@stage(ROWS, "centring", REAL, "2")
def centred(s: Sheet) -> None:
    x, axis = s.at, s.random.choice((0, 1))
    reduced = tuple("1" if i == axis else a for i, a in enumerate(x.axes))
    m = s.line(s.name("mean"), f"{x.name}.mean({axis}, keepdim=True)", reduced, "wide")
    y = s.line(s.name("diff"), f"{x.name} - {m}", x.axes, "norm")
    s.say(f"{m} is the mean of each {'row' if axis else 'column'} of {x.name}, and {y} how far each number is from it.")


@stage(ROWS, "standardising", REAL, "2")
def standardised(s: Sheet) -> None:
    x, axis = s.at, s.random.choice((0, 1))
    reduced = tuple("1" if i == axis else a for i, a in enumerate(x.axes))
    m = s.line(s.name("mean"), f"{x.name}.mean({axis}, keepdim=True)", reduced, "wide")
    diff = s.line(s.name("diff"), f"{x.name} - {m}", x.axes, "wide")
    v = s.line(s.name("var"), f"({diff}**2).mean({axis}, keepdim=True)", reduced, "wide")
    inv = s.line(s.name("var_inv"), f"({v} + 0.1)**-0.5", reduced, "wide")
    y = s.line(s.name("xhat"), f"{diff} * {inv}", x.axes, "norm")
    what = "row" if axis else "column"
    s.say(f"{m} is the mean of each {what} of {x.name}, {diff} how far each number is from it, and {v} the mean of the squares of that.")
    s.say(f"{inv} is 1 over the root of {v} and 0.1, and {y} is {diff} times it: every {what} gets mean 0 and about the same spread.")


@stage(ROWS, "root mean square", REAL, "2")
def rms(s: Sheet) -> None:
    x = s.at
    ms = s.line(s.name("ms"), f"({x.name}**2).mean(1, keepdim=True)", (x.axes[0], "1"), "wide")
    y = s.line(s.name("xhat"), f"{x.name} * ({ms} + 0.1)**-0.5", x.axes, "norm")
    s.say(f"{ms} is the mean of the squares of each row, and {y} is {x.name} over the root of that and 0.1.")
    s.say("So every row gets about the same size.")


@stage(ROWS, "unit length", REAL, "2")
def unit_length(s: Sheet) -> None:
    x = s.at
    length = s.line(s.name("length"), f"({x.name}**2).sum(1, keepdim=True).sqrt()", (x.axes[0], "1"), "wide")
    y = s.line(s.name("unit"), f"{x.name} / {length}", x.axes, "norm")
    s.say(f"{length} is the length of each row of {x.name} as a vector, and {y} has the same directions with length 1.")


@stage(ROWS, "softmax by hand", "data pre score", "2", weight=4)
def softmax_by_hand(s: Sheet) -> None:
    x = s.at
    counts = s.line(s.name("counts"), f"{x.name}.exp()", x.axes, "wide")
    total = s.line(s.name("total"), f"{counts}.sum(1, keepdim=True)", (x.axes[0], "1"), "wide")
    y = s.line(s.name("probs"), f"{counts} / {total}", x.axes, "prob")
    s.say(f"{counts} is e to the power of {x.name}, so all of it is positive, and {total} is the sum of each row.")
    s.say(f"{y} is each row of {counts} over its {total}, so the rows of {y} sum to 1.")


@stage(ROWS, "softmax", "data pre score", "2 3 4")
def softmax(s: Sheet) -> None:
    x = s.at
    y = s.line(s.name("probs"), f"torch.softmax({x.name}, -1)", x.axes, "prob")
    s.say(f"{y} is the softmax of each row of {x.name}." if len(x.axes) == 2 else f"{y} is the softmax of {x.name} along its last axis.")


@stage(ROWS, "log-softmax", "data pre", "2", weight=4)
def log_softmax(s: Sheet) -> None:
    x = s.at
    y = s.line(s.name("logp"), f"torch.log_softmax({x.name}, 1)", x.axes, "logprob")
    s.say(f"{y} is the logarithm of the softmax of each row of {x.name}.")


@stage(ROWS, "logarithms", "prob positive", "1 2", weight=4)
def log(s: Sheet) -> None:
    x = s.at
    kind, name = ("logprob", "logp") if x.kind == "prob" else ("pre", "logs")
    y = s.line(s.name(name), f"{x.name}.log()", x.axes, kind)
    s.say(f"{y} is the logarithm of {x.name}, number by number.")


@stage(ROWS, "exp", "soft", "1 2", weight=2)
def exp(s: Sheet) -> None:
    x = s.at
    y = s.line(s.name("e"), f"{x.name}.exp()", x.axes, "positive")
    s.say(f"{y} is e to the power of {x.name}, number by number.")


@stage(ROWS, "a share of the row", "positive", "2")
def share(s: Sheet) -> None:
    x = s.at
    total = s.line(s.name("total"), f"{x.name}.sum(1, keepdim=True)", (x.axes[0], "1"), "wide")
    inv = s.line(s.name("total_inv"), f"{total}**-1", (x.axes[0], "1"), "wide")
    y = s.line(s.name("probs"), f"{x.name} * {inv}", x.axes, "prob")
    s.say(f"{total} is the sum of each row and {inv} is 1 over it, so {y} holds each number's share of its row.")


@stage(ROWS, "entropy", "prob", "2")
def entropy(s: Sheet) -> None:
    x = s.at
    logp = s.line(s.name("logp"), f"{x.name}.log()", x.axes, "wide")
    y = s.line(s.name("ent"), f"-({x.name} * {logp}).sum(1)", x.axes[:1], "act")
    s.say(f"{logp} is their logarithm, and {y} the entropy of each row: how far it is from being sure.")


@stage(ROWS, "logsumexp", "data pre", "2")
def logsumexp(s: Sheet) -> None:
    x = s.at
    y = s.line(s.name("lse"), f"{x.name}.logsumexp(1)", x.axes[:1], "stat")
    s.say(f"{y} is the logarithm of the sum of the exps of each row of {x.name}.")


@stage(ROWS, "the row's largest", "data pre norm", "2")
def largest(s: Sheet) -> None:
    x = s.at
    y = s.line(s.name("top"), s.choose(f"{x.name}.max(1).values", f"{x.name}.amax(1)"), x.axes[:1], "stat")
    s.say(f"{y} is the largest number of each row of {x.name}.")


@stage(ROWS, "less the largest", "data pre", "2")
def shifted(s: Sheet) -> None:
    x = s.at
    top = s.line(s.name("top"), f"{x.name}.amax(1, keepdim=True)", (x.axes[0], "1"), "wide")
    y = s.line(s.name("safe"), f"{x.name} - {top}", x.axes, "norm")
    s.say(f"{top} is the largest number of each row of {x.name}, and {y} is {x.name} less that, so that nothing in it is above 0.")


def _reduction(name: str, text: str, called: str, idea: str) -> None:
    def put(s: Sheet) -> None:
        x, axis = s.at, s.random.choice((0, 1))
        y = s.line(s.name("s", "m"), text.format(x.name, axis), (x.axes[1 - axis],), "stat")
        s.say(f"{y} is the {called} of each {'row' if axis else 'column'} of {x.name}.")

    put.__name__ = name
    stage(ROWS, idea, "data act soft square" if name == "summed" else "data pre act soft norm square", "2")(put)


_reduction("summed", "{}.sum({})", "sum", "a sum")
_reduction("averaged", "{}.mean({})", "mean", "a mean")
_reduction("variance", "{}.var({})", "variance", "a variance")


@stage(ROWS, "pooling over steps", "data act soft pre square", "3")
def pooled(s: Sheet) -> None:
    x = s.at
    tied = x.kind in ("act", "square")
    way, called = s.random.choice([("mean(1)", "mean"), *([] if tied else [("amax(1)", "largest")])])
    y = s.line(s.name("pooled"), f"{x.name}.{way}", (x.axes[0], x.axes[2]), x.kind)
    s.say(f"{y} has one vector a sequence: of each of its {x.axes[2]} numbers, the {called} over the {x.axes[1]} steps.")


@stage(ROWS, "squares", "data pre norm", "1 2 3", weight=2)
def squared(s: Sheet) -> None:
    x = s.at
    y = s.line(s.name("sq"), f"{x.name}**2", x.axes, "square")
    s.say(f"{y} is the square of {x.name}, number by number.")


@stage(ROWS, "roots", "positive", "1 2")
def root(s: Sheet) -> None:
    x = s.at
    y = s.line(s.name("root"), f"{x.name}.sqrt()", x.axes, "act")
    s.say(f"{y} is the square root of {x.name}, number by number.")


@stage(ROWS, "inverses", "positive", "1 2")
def inverse(s: Sheet) -> None:
    x = s.at
    y = s.line(s.name("inv"), s.choose(f"{x.name}**-1", f"1 / {x.name}"), x.axes, "act")
    s.say(f"{y} is 1 over {x.name}, number by number.")
