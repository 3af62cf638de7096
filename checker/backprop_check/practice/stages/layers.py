"""Layers: products with weights, gains and biases in every direction, activations, paths that meet."""

from __future__ import annotations

from backprop_check.practice.sheet import Full, Sheet, Stage, Value, code, stage

LAYERS: dict[str, Stage] = {}
REAL = "data pre act norm soft"
WIDTHS = {"D": ("H", "C"), "H": ("C", "K"), "C": ("K", "H"), "K": ("M",)}
"""What the axis behind a weight matrix is called, by the one before it."""


def after(x: Value) -> str:
    """The kind of what is scaled or shifted: a number for any number that was drawn, else as before."""
    return "pre" if x.kind in ("data", "norm", "soft") else x.kind


@stage(LAYERS, "a linear layer", "data act norm soft", "2 3", weight=8)
def linear(s: Sheet) -> None:
    x = s.at
    *before, d = x.axes
    h = s.size(*WIDTHS.get(d, ("H",)))
    turned = s.choose("", "", ".T")
    w = s.normal(*((h, d) if turned else (d, h)), names=("W", "W2"), scaled=d)
    b = s.normal(h, names=("b", "b2"))
    y = s.line(s.name("z", "logits"), f"{x.name} @ {w}{turned} + {b}", (*before, h), "pre")
    where = "at every step" if len(before) == 2 else "for every row"
    layout = f" {w} has a row for each of the {h} outputs, as in nn.Linear." if turned else ""
    s.say(f"{y} is a linear layer with the weights {w} and the bias {b}, the same {where}.{layout}")


@stage(LAYERS, "a matrix product", "data norm soft", "2 3", weight=4)
def product(s: Sheet) -> None:
    x = s.at
    *before, d = x.axes
    h = s.size(*WIDTHS.get(d, ("H",)))
    w = s.normal(d, h, names=("W", "W2"), scaled=d)
    y = s.line(s.name("z", "o"), f"{x.name} @ {w}", (*before, h), "pre")
    s.say(f"{y} is {x.name} times the weights {w}.")


@stage(LAYERS, "one score a row", "data norm soft", "2", weight=4)
def score(s: Sheet) -> None:
    x = s.at
    w = s.normal(x.axes[1], names=("w",), scaled=x.axes[1])
    y = s.line(s.name("f", "o"), f"{x.name} @ {w}", x.axes[:1], "pre")
    s.say(f"{y} is one number a row: the dot product of each row of {x.name} with {w}.")


@stage(LAYERS, "a gain per column", REAL, "2 3", weight=2)
def column_gain(s: Sheet) -> None:
    x = s.at
    g = s.normal(x.axes[-1], names=("g", "gain"))
    y = s.line(s.name("y", "o"), f"{x.name} * {g}", x.axes, after(x))
    s.say(f"{g} holds one gain for each of the {x.axes[-1]} columns, and {y} has every row of {x.name} times it.")


@stage(LAYERS, "a gain per row", REAL, "2", weight=2)
def row_gain(s: Sheet) -> None:
    x = s.at
    g = s.normal(x.axes[0], "1", names=("r", "scale"))
    y = s.line(s.name("y", "o"), f"{x.name} * {g}", x.axes, after(x))
    s.say(f"{g} holds one factor per row, and {y} has the whole row of {x.name} times it.")


@stage(LAYERS, "a gain per step", "data pre act", "3", weight=2)
def step_gain(s: Sheet) -> None:
    x = s.at
    g = s.normal(x.axes[1], "1", names=("g", "gain"))
    y = s.line(s.name("y", "o"), f"{x.name} * {g}", x.axes, after(x))
    s.say(f"{g} holds one factor for each of the {x.axes[1]} steps, which every sequence shares: {y} has {x.name} times it.")


@stage(LAYERS, "a bias per column", REAL, "2 3", weight=2)
def column_bias(s: Sheet) -> None:
    x = s.at
    b = s.normal(x.axes[-1], names=("b", "shift"))
    y = s.line(s.name("y", "o"), f"{x.name} + {b}", x.axes, "pre")
    s.say(f"{b} holds one number for each of the {x.axes[-1]} columns, and {y} adds it to every row.")


@stage(LAYERS, "a bias per row", REAL, "2", weight=2)
def row_bias(s: Sheet) -> None:
    x = s.at
    b = s.normal(x.axes[0], "1", names=("c", "offset"))
    sign = s.choose("+", "-")
    y = s.line(s.name("y", "o"), f"{x.name} {sign} {b}", x.axes, after(x))
    s.say(f"{b} holds one number per row, and {y} {'adds it to' if sign == '+' else 'takes it from'} the whole row.")


@stage(LAYERS, "a temperature", "data pre score stat", "1 2 3", weight=1)
def temperature(s: Sheet) -> None:
    x = s.at
    tau = s.draw(s.name("tau"), "torch.rand(()) + 0.5")
    y = s.line(s.name("y", "o"), f"{x.name} / {tau}", x.axes, after(x))
    s.say(f"{tau} is a single number, a temperature: {y} is {x.name} divided by it.")


@stage(LAYERS, "a scalar gain", "data pre act stat", "1 2", weight=1)
def scalar_gain(s: Sheet) -> None:
    x = s.at
    k = s.normal(names=("k",))
    y = s.line(s.name("y", "o"), f"{k} * {x.name}", x.axes, after(x))
    s.say(f"{k} is a single number, and {y} is {k} times {x.name}.")


_ACTIVATIONS = {
    "tanh": ("torch.tanh({})", "soft", "the tanh"),
    "sigmoid": ("torch.sigmoid({})", "soft", "the sigmoid"),
    "relu": ("torch.relu({})", "act", "the relu"),
    "leaky_relu": ("F.leaky_relu({}, 0.1)", "act", "a leaky relu"),
    "silu": ("F.silu({})", "act", "the silu"),
    "softplus": ("F.softplus({})", "act", "the softplus"),
}


def _activation(function: str, idea: str) -> None:
    text, kind, called = _ACTIVATIONS[function]

    def put(s: Sheet) -> None:
        x = s.at
        y = s.line(s.name("h", "a", "h2"), text.format(x.name), x.axes, kind)
        s.say(f"{y} is {called} of {x.name}, number by number.")

    put.__name__ = function
    stage(LAYERS, idea, "data pre norm turned", "1 2 3 4", weight=1)(put)


for _function in _ACTIVATIONS:
    _activation(_function, _function.replace("_", " "))


@stage(LAYERS, "a value that gates itself", "data pre norm", "1 2 3")
def self_gate(s: Sheet) -> None:
    x = s.at
    g = s.line(s.name("gate"), f"torch.sigmoid({x.name})", x.axes, "wide")
    y = s.line(s.name("h", "a"), f"{x.name} * {g}", x.axes, "act")
    s.say(f"{y} is {x.name} times its own {g}, a number between 0 and 1: {x.name} is used twice.")


@stage(LAYERS, "a gated layer", "data norm soft", "2 3")
def gated(s: Sheet) -> None:
    x = s.at
    *before, d = x.axes
    h = s.size(*WIDTHS.get(d, ("H",)))
    w, v = s.normal(d, h, names=("W",), scaled=d), s.normal(d, h, names=("V",), scaled=d)
    u = s.line(s.name("u"), f"{x.name} @ {w}", (*before, h), "wide")
    g = s.line(s.name("gate"), f"torch.sigmoid({x.name} @ {v})", (*before, h), "wide")
    y = s.line(s.name("h"), f"{u} * {g}", (*before, h), "act")
    s.say(f"{x.name} goes two ways: through {w} to {u}, and through {v} to {g}, which says how much of {u} passes into {y}.")


@stage(LAYERS, "a residual connection", "pre act soft", "1 2 3")
def residual(s: Sheet) -> None:
    y = s.at
    earlier = [v for v in s.values[:-1] if v.axes == y.axes and v.kind in ("data", "pre", "act", "norm") and v.by != y.by]
    if not earlier or any(stage.name in ("residual", "self_gate") for stage in s.stages[:-1]):
        raise Full
    x = earlier[0]
    o = s.line(s.name("o", "out"), f"{x.name} + {y.name}", y.axes, "act" if x.kind == y.kind == "act" else "pre")
    s.say(f"{o} adds {y.name} to {x.name}, which so has two ways to the end.")


@stage(LAYERS, "dropout", "data act soft", "2")
def dropout(s: Sheet) -> None:
    x = s.at
    keep = s.draw(s.name("keep"), f"torch.rand({code(*x.axes)}) > 0.5")
    y = s.line(s.name("y", "o"), f"{x.name} * {keep} / 0.5", x.axes, "act")
    s.say(f"{keep} says which numbers stay: in {y} the others are 0, and those that stay are doubled, as in dropout.")


@stage(LAYERS, "a mask", "data pre", "2")
def masked(s: Sheet) -> None:
    x = s.at
    seen = s.draw(s.name("seen"), f"torch.rand({code(*x.axes)}) > 0.5")
    b = s.normal(x.axes[1], names=("b", "shift"))
    y = s.line(s.name("y", "o"), f"torch.where({seen}, {x.name}, {b})", x.axes, "pre")
    s.say(f"Where {seen} holds, {y} is {x.name}; elsewhere it is {b}, which has one number for each column.")


@stage(LAYERS, "clipping", "data pre", "1 2", weight=1)
def clipped(s: Sheet) -> None:
    x = s.at
    y = s.line(s.name("h", "a"), f"{x.name}.clamp(-1, 1)", x.axes, "act")
    s.say(f"{y} is {x.name} with all that is beyond -1 and 1 cut off.")
