"""Single forms, as people write them: `forms.txt` lists them, a heading above each kind, and here each becomes an exercise.

A form is the last line of a forward, with lines before it where there is a `; `. It names tensors of `DRAWS`. Those that are not indented
are tested always; the others are variants of these, and are for `benchmarks/derivations.py`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F

from backprop_check.comparison.compare import close
from backprop_check.derivation import named
from backprop_check.derivation.derive import Derived, Underivable, derive
from backprop_check.diagnosis.drawn import forward_hangs_on_labels, hangs_on_labels
from backprop_check.exercise.parse import parse_exercise
from backprop_check.expression.evaluate import Evaluator, Failed, Refused
from backprop_check.expression.work import Work
from backprop_check.records import Trial
from backprop_check.trace.graph import Graph, default_dtype, load_graph
from backprop_check.trace.oracle import in_float64, trace

SHAPES = {
    "x": "N, C", "u": "C,", "k": "N,", "r": "1, C", "W": "C, K", "V": "K, C", "e": "N, T, C", "A": "B, T, C", "D": "B, C, K",
    "im": "N, C, 8, 6", "row": "N, C, 12", "f": "K, C, 3, 2", "f1": "K, C, 3", "h": "K,", "q": "N, 6", "z": "", "M": "K, K", "G": "B, K, K",
    "v": "K, C", "two": "N, 2", "Q": "B, H, T, E", "L": "B, H, S, E", "O": "B, H, S, K", "ab": "T, S", "ft": "C, K, 3, 2",
    "ft1": "C, K, 3", "fd": "C, 1, 3, 2", "i6": "N, 6, 8, 6", "f6": "4, 3, 3, 2", "u6": "6,", "vol": "N, C, 4, 5, 6", "f3": "K, C, 2, 3, 2",
    "x2": "N, C", "x3": "N, C", "rm": "C,", "bil": "K, C, K", "NK": "N, K", "ND": "N, K", "im4": "N, 4, 3, 5", "bk": "B, K",
}  # fmt: skip
DRAWS = {
    **{name: f"torch.randn({shape or '()'})" for name, shape in SHAPES.items()},
    "p": "torch.rand(N, C) + 0.5", "s": "torch.rand(N, 1) + 0.5", "rv": "torch.rand(C) + 0.5", "cw": "torch.rand(C) + 0.5",
    "o": "torch.rand(N, C) * 0.8 + 0.1", "o2": "torch.rand(N, C) * 0.8 + 0.1", "soft": "torch.softmax(torch.randn(N, C), 1)",
    "P": "(lambda m: m @ m.T + K * torch.eye(K))(torch.randn(K, K))", "a": "torch.tensor(0.3)",
    "Y": "torch.randint(0, C, (N,))", "Yi": "torch.where(torch.arange(N) % 3 == 0, -100, torch.randint(0, C, (N,)))",
    "Yz": "torch.where(torch.arange(N) % 3 == 0, 0, torch.randint(1, C, (N,)))", "Ym": "torch.randint(0, C, (N, 8, 6))",
    "Ye": "torch.randint(0, C, (N, T))", "pm": "torch.randint(0, 2, (N,)) * 2 - 1", "pmx": "torch.randint(0, 2, (N, C)) * 2 - 1",
    "ml": "torch.randint(0, 2, (N, C))", "X": "torch.randint(0, N, (T, K))", "i": "torch.randint(0, N, (K,))",
    "iu": "torch.randperm(N)[:2]", "j": "torch.randint(0, C, (T,))", "m": "torch.arange(N * C).view(N, C) % 3 > 0",
    "Z": "torch.randint(0, C, (N, 2))", "Zu": "torch.stack([torch.randperm(C)[:2] for _ in range(N)])",
    "am": "torch.arange(T)[:, None] * 2 >= torch.arange(S)[None, :]", "mn": "torch.arange(N) % 2 == 0",
}  # fmt: skip
HEAD = '''"""One form."""
import math
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.nn.functional as fn
from math import sqrt
from torch import cat, einsum, exp, matmul, mean, sigmoid, tanh
from torch.nn.functional import cross_entropy, gelu, relu, softmax
'''
SIZES = {"N": 5, "C": 4, "K": 3, "T": 6, "B": 2, "H": 2, "E": 3, "S": 7}
OTHERS = tuple(range(100, 103))
"""Seeds on which nothing was derived."""


def read(variants: bool = True) -> dict[str, list[str]]:
    """The forms by kind."""
    kinds: dict[str, list[str]] = {}
    for line in (Path(__file__).parent / "forms.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            kinds[line[2:]] = []
        elif line and (variants or not line.startswith(" ")):
            kinds[next(reversed(kinds))].append(line.strip())
    return kinds


def exercise(form: str) -> Graph:
    *before, last = form.split("; ")
    lines = [*before, f"y = {last}"]
    own = {line.partition(" = ")[0] for line in lines}
    bare = re.sub(r"'[^']*'", "", form)
    used = [n for n in DRAWS if n not in own and re.search(rf"(?<![\w.]){n}\b(?!\(|=)", bare)]
    graph = load_graph(parse_exercise(Path("form.py"), _text(lines, used, used, cotangent=True)))
    values = graph.forward({n: v.requires_grad_() if v.is_floating_point() else v for n, v in graph.inputs(graph.sizes[0], 0).items()})
    nodes = [n for n in used if values[n].is_floating_point()] + [n for n in own - {"y"} if getattr(values[n], "requires_grad", False)]
    return load_graph(parse_exercise(Path("form.py"), _text(lines, used, nodes, cotangent=values["y"].dim() > 0)))


def _text(lines: list[str], used: list[str], nodes: list[str], cotangent: bool) -> str:
    named = [*used, *(line.partition(" = ")[0] for line in lines), *(["dy"] if cotangent else [])]
    named_sizes = ", ".join(f"{name}={n}" for name, n in SIZES.items() if re.search(rf"\b{name}\b", " ".join(DRAWS[n] for n in used)))
    head = HEAD + f"def inputs({named_sizes}):\n    return dict({', '.join(f'{n}={DRAWS[n]}' for n in used)})\n"
    forward = "".join(f"    {line}\n" for line in lines)
    stubs = "".join(f"    d{n} = ...\n" for n in nodes)
    return f"{head}def forward({', '.join(used)}):\n{forward}    return y\ndef backward({', '.join(named)}):\n{stubs}"


@dataclass(frozen=True)
class Told:
    """What is derived of one target: its lines, or what is outside the table; and what is wrong with it on other seeds and sizes."""

    name: str
    lines: tuple[str, ...] = ()
    outside: str = ""
    wrong: str = ""

    @property
    def widest(self) -> int:
        return max((len(f"    {line}") for line in self.lines), default=0)


def trials(graph: Graph) -> list[Trial]:
    return [trace(graph, seed, sizes) for seed, sizes in enumerate(graph.sizes)]


def tell(graph: Graph, seeds: Sequence[int] = OTHERS) -> Iterator[Told]:
    """Derive every target from three trials, and hold it against autograd's gradient on others, by Python and by the evaluator."""
    known = trials(graph)
    choices = [*graph.sizes, graph.unseen]
    others = [trace(graph, seed, choices[at % len(choices)]) for at, seed in enumerate(seeds, start=1)]
    for target in graph.exercise.targets:
        try:
            derived = derive(graph, target.node, known, {"dy"} if known[0].gradients["dy"].dim() else set())
        except Underivable as error:
            yield Told(target.name, outside=str(error))
            continue
        written = tuple(line.text for line in named.lines(target.name, derived.expression, [*graph.exercise.names, *known[0].gradients]))
        faults = (fault for trial in others for fault in _faults(graph, derived, written, target.name, trial))
        yield Told(target.name, written, wrong=next(faults, ""))


def _faults(graph: Graph, derived: Derived, written: Sequence[str], name: str, trial: Trial) -> Iterator[str]:
    due, scale = trial.gradients[name], trial.scales[name]
    names = {**in_float64(trial.values), **({"dy": trial.gradients["dy"]} if trial.gradients["dy"].dim() else {})}
    if not close(_by_python(written, name, names), due, scale):
        yield f"not autograd's at {dict(trial.sizes)}"
    tree, work = ast.parse(derived.text, mode="eval").body, Work()
    try:
        with default_dtype(torch.float64):
            if not close(Evaluator(names, work)(tree), due, scale):
                yield "the evaluator's value is another"
    except (Refused, Failed) as error:
        yield f"the evaluator refuses it: {type(error).__name__} {error}"
    with default_dtype(torch.float64):
        if hangs_on_labels(tree, due, names, work) and not forward_hangs_on_labels(graph.exercise.lines, names, work):
            yield "its shape hangs on labels"


def _by_python(lines: Sequence[str], name: str, names: Mapping[str, object]) -> torch.Tensor:
    """As a submission would compute it, which has only the forward's names, `torch`, `F`, `range` and `len`."""
    scope = {"__builtins__": {"range": range, "len": len, "float": float}, "torch": torch, "F": F, **names}
    with default_dtype(torch.float64):
        exec("\n".join(lines), scope)
    value = scope[name]
    assert isinstance(value, torch.Tensor)
    return value
