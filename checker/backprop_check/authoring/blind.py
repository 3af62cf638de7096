"""Which mistakes of the catalogue an exercise cannot show, found by making them in its oracle's numbers and seeing nothing change."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from backprop_check.comparison.compare import close
from backprop_check.records import Trial
from backprop_check.trace.author import silent
from backprop_check.trace.graph import Graph, default_dtype
from backprop_check.trace.oracle import trace

Seen = dict[str, tuple[bool, str]]


@dataclass(frozen=True)
class Sight:
    """What an exercise shows of one mistake: the targets at which it changes the answer, and those at which it does not (`why`)."""

    code: str
    shown: tuple[str, ...]
    hidden: tuple[str, ...]
    why: str


@silent()
def sights(graph: Graph) -> tuple[Sight, ...]:
    """Return, for each mistake that can be made in this exercise, where it shows: where it changes the gradient in some trial."""
    trials = [trace(graph, seed, sizes) for seed, sizes in enumerate(graph.sizes, 1)]
    found: dict[str, dict[str, tuple[bool, str]]] = {}
    for target in graph.exercise.targets:
        each = [_seen(graph, trial, target.node) for trial in trials]
        for code in each[0]:
            shows = any(seen[code][0] for seen in each if code in seen)
            found.setdefault(code, {})[target.name] = (shows, each[0][code][1])
    return tuple(_sight(code, targets) for code, targets in found.items())


def _sight(code: str, targets: Mapping[str, tuple[bool, str]]) -> Sight:
    shown = tuple(name for name, (shows, _) in targets.items() if shows)
    hidden = tuple(name for name, (shows, _) in targets.items() if not shows)
    return Sight(code, shown, hidden, targets[hidden[0]][1] if hidden else "")


def _seen(graph: Graph, trial: Trial, node: str) -> Seen:
    """Make each mistake at `node` in one trial: does the value differ, and if not, why."""
    gradient, scale = trial.gradients["d" + node], trial.scales["d" + node]

    def differs(wrong: torch.Tensor) -> bool:
        return not close(wrong, gradient, scale)

    seen: Seen = {
        code: (differs(wrong), "the gradient vanishes") for code, wrong in (("wrong-sign", -gradient), ("wrong-scale", 2 * gradient))
    }
    uses = [line for line, _ in graph.code if node in line.reads and "d" + line.name in trial.gradients]
    if not uses:
        return seen
    through = {line.name: _through(graph, trial, node, line.name, trial.gradients["d" + line.name]) for line in uses}
    paths = {y: path for y, path in through.items() if path is not None}
    if not paths:
        return seen
    bare = [path for y in paths if (path := _through(graph, trial, node, y, torch.ones_like(trial.gradients["d" + y]))) is not None]
    seen["missing-upstream"] = (differs(torch.stack(bare).sum(0)), "every upstream gradient there is 1")
    if len(paths) > 1:
        lost = [y for y, path in paths.items() if not differs(gradient - path)]
        seen["missing-branch"] = (not lost, f"what comes back through {' and '.join(lost)} vanishes")
    if indices := list(_indices(graph, trial, node)):
        repeats = all(len(torch.unique(index)) < index.numel() for index in indices)
        seen["dropped-repeats"] = (repeats, "no index occurs twice")
    return seen


def _through(graph: Graph, trial: Trial, node: str, user: str, upstream: torch.Tensor) -> torch.Tensor | None:
    """The part of a node's gradient that comes back through one line that uses it; None where the line only compares or detaches it."""
    code = next(code for line, code in graph.code if line.name == user)
    leaf = trial.values[node].clone().requires_grad_()
    with torch.enable_grad(), default_dtype(torch.float64):
        value = eval(code, {**graph.scope, **trial.values, node: leaf})
        if not value.requires_grad:
            return None
        (found,) = torch.autograd.grad((value * upstream).sum(), [leaf], allow_unused=True)
    return found


def _indices(graph: Graph, trial: Trial, node: str) -> Iterator[torch.Tensor]:
    """Whole-number tensors that index `node` alone, as in `C[Xb]`: a row they name twice is used twice."""
    for line in graph.exercise.lines:
        for child in ast.walk(ast.parse(f"({line.source}\n)", mode="eval")):
            match child:
                case ast.Subscript(value=ast.Name(id=name), slice=ast.Name(id=index)) if name == node and _whole(trial.values.get(index)):
                    yield trial.values[index]


def _whole(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.dtype in (torch.int64, torch.int32)


def told(exercise_id: str, found: Mapping[str, tuple[Sight, ...]], siblings: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Yield a line for each mistake an exercise hides somewhere, and whether the author has to act on it.

    That is so where the exercise hides it at every target and none of its `siblings` shows it.
    """
    for sight in found[exercise_id]:
        helpers = [s for s in siblings if any(o.code == sight.code and o.shown for o in found[s])]
        if sight.shown and sight.hidden:
            yield f"cannot show {sight.code} at {', '.join(sight.hidden)}: {sight.why}.", False
        elif sight.hidden and helpers:
            yield f"cannot show {sight.code}: {sight.why}. {' and '.join(helpers)} can.", False
        elif sight.hidden:
            yield f"this cannot show {sight.code}: {sight.why}. Give it a sibling ({exercise_id}b) whose output is a tensor.", True
