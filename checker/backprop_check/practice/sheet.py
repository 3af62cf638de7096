"""The sheet on which a practice graph is put down, stage by stage. Nothing here needs torch."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random


class Full(Exception):
    """No conventional name is left for what a stage would write: the graph goes another way."""


@dataclass(frozen=True)
class Value:
    """A float value of the graph. `kind` says what may sensibly follow (see `stage`), `by` the stage that made it."""

    name: str
    axes: tuple[str, ...]
    kind: str
    by: str


@dataclass(frozen=True)
class Stage:
    """One idea of a graph: what it may follow, and how it is put down. `idea` names it in a title."""

    name: str
    idea: str
    takes: frozenset[str]
    ranks: frozenset[int]
    put: Callable[[Sheet], None]
    weight: int
    ends: bool

    def follows(self, value: Value | None) -> bool:
        if value is None:
            return not self.takes
        return value.kind in self.takes and len(value.axes) in self.ranks


Put = Callable[["Sheet"], None]


def stage(into: dict[str, Stage], idea: str, takes: str = "", ranks: str = "", weight: int = 3, ends: bool = False) -> Callable[[Put], Put]:
    """Enter a function as a stage. `takes` are the kinds of value that it may follow, none for one that a graph begins with:

    `data` as it was drawn; `pre`, any real number; `act`, where some may be 0 or equal; `norm`, of known spread; `soft`, between bounds;
    `score`, of each with each; `prob`; `logprob`; `positive`; `stat`, one number of a row or column; `turned`; `chosen`; `weights`, some
    of them 0; `square`. What has the kind `wide` is followed by nothing. The `weight` says how often a stage is taken, and how much it is
    worth being named in a title.
    """

    def enter(put: Put) -> Put:
        name = put.__name__
        into[name] = Stage(name, idea, frozenset(takes.split()), frozenset(map(int, ranks.split())), put, weight, ends)
        return put

    return enter


class Sheet:
    """A graph that is being put down: its inputs, sizes and lines in their order, and what is said of them."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.inputs: dict[str, str] = {}
        self.sizes: list[str] = []
        self.larger: list[tuple[str, str]] = []
        self.lines: list[tuple[str, str]] = []
        self.values: list[Value] = []
        self.said: list[str] = []
        self.stages: list[Stage] = []

    @property
    def at(self) -> Value:
        """The value that the graph has reached."""
        return self.values[-1]

    def begin(self, put: Stage) -> None:
        """Put down a stage. Raises `Full`."""
        self.stages.append(put)
        put.put(self)

    def name(self, *candidates: str) -> str:
        taken = {*self.inputs, *(name for name, _ in self.lines)}
        taken |= {f"d{name}" for name in taken} | {name[1:] for name in taken if name[0] == "d"}
        for name in candidates:
            if name not in taken and f"d{name}" not in taken:
                return name
        raise Full

    def size(self, *candidates: str) -> str:
        for name in candidates:
            if name not in self.sizes:
                self.sizes.append(name)
                return name
        raise Full

    def choose(self, *options: str) -> str:
        return self.random.choice(options)

    def draw(self, name: str, text: str) -> str:
        """Let `inputs` draw a name."""
        self.inputs[name] = text
        return name

    def normal(self, *axes: str, names: tuple[str, ...], scaled: str = "") -> str:
        """Let `inputs` draw a tensor of normal numbers, its spread divided by the root of a size where it will be summed along that."""
        spread = code(scaled) if scaled.isalpha() else f"({code(scaled)})"
        return self.draw(self.name(*names), f"torch.randn({code(*axes) or '()'})" + (f" / {spread}**0.5" if scaled else ""))

    def given(self, *axes: str, names: tuple[str, ...]) -> Value:
        """Let a graph begin with a drawn tensor."""
        value = Value(self.normal(*axes, names=names), axes, "data", self.stages[-1].name)
        self.values.append(value)
        return value

    def line(self, name: str, text: str, axes: tuple[str, ...], kind: str) -> str:
        self.lines.append((name, text))
        self.values.append(Value(name, axes, kind, self.stages[-1].name))
        return name

    def say(self, sentence: str) -> None:
        self.said.append(sentence)


def code(*axes: str) -> str:
    """Axes as Python writes them: `N * T, D - 1`."""
    return ", ".join(re.sub(r"([-+·])", lambda sign: f" {sign[0].replace('·', '*')} ", axis) for axis in axes)
