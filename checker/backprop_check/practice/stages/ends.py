"""What a practice graph ends with: an output whose gradient is given, or a loss."""

from __future__ import annotations

from backprop_check.practice.sheet import Sheet, Stage, code, stage

ENDS: dict[str, Stage] = {}
ANY = "data pre act norm soft score prob logprob positive stat turned chosen weights square"


@stage(ENDS, "", ANY, "1 2 3 4", ends=True)
def given(s: Sheet) -> None:
    y = s.at.name
    s.say(f"{y} is the output, and its gradient d{y} is given.")


@stage(ENDS, "a squared error", "pre soft norm stat", "1 2", ends=True)
def squared_error(s: Sheet) -> None:
    y = s.at
    t = s.normal(*y.axes, names=("t", "goal"))
    e = s.line(s.name("err"), f"{y.name} - {t}", y.axes, "wide")
    way = s.choose("mean", "mean", "sum")
    loss = s.line("loss", f"({e}**2).{way}()", (), "end")
    s.say(f"{t} is what {y.name} should be, {e} how far it is from that, and {loss} the {way} of the squares.")


@stage(ENDS, "a mean", "act positive stat square", "1 2 3", ends=True)
def mean(s: Sheet) -> None:
    y = s.at
    loss = s.line("loss", f"{y.name}.mean()", (), "end")
    s.say(f"{loss} is the mean of {y.name}.")


@stage(ENDS, "", "chosen", "1", weight=20, ends=True)
def likelihood(s: Sheet) -> None:
    p = s.at.name
    loss = s.line("loss", f"-{p}.mean()", (), "end")
    s.say(f"{loss} is minus the mean of {p}, as in every classifier.")


@stage(ENDS, "cross-entropy", "pre", "2", weight=6, ends=True)
def cross_entropy(s: Sheet) -> None:
    y = s.at
    labels = s.draw(s.name("Y"), f"torch.randint(0, {code(y.axes[1])}, ({code(y.axes[0])},))")
    loss = s.line("loss", f"F.cross_entropy({y.name}, {labels})", (), "end")
    s.say(f"{labels} holds the right label of each row. {loss} is the cross-entropy of {y.name}, softmax and logarithm in one.")


@stage(ENDS, "yes or no", "pre", "1", ends=True)
def yes_or_no(s: Sheet) -> None:
    y = s.at
    labels = s.draw(s.name("Y"), f"torch.randint(0, 2, ({code(y.axes[0])},))")
    p = s.line(s.name("p"), f"torch.sigmoid({y.name})", y.axes, "wide")
    loss = s.line("loss", f"-({labels} * {p}.log() + (1 - {labels}) * (1 - {p}).log()).mean()", (), "end")
    s.say(f"{p} is the probability of a yes, and {labels} says 1 where yes is right. {loss} is the binary cross-entropy.")


@stage(ENDS, "a hinge", "pre", "1", ends=True)
def hinge(s: Sheet) -> None:
    y = s.at
    labels = s.draw(s.name("Y"), f"2 * torch.randint(0, 2, ({code(y.axes[0])},)) - 1")
    margin = s.line(s.name("margin"), f"1 - {labels} * {y.name}", y.axes, "wide")
    loss = s.line("loss", f"torch.relu({margin}).mean()", (), "end")
    s.say(f"{labels} holds 1 or -1, the right side of each row. Only where {margin} is above 0 does {loss} mind.")
