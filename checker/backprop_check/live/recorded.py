"""The forward as it was recorded: the graph behind the backward passes that left a gradient, with its oracle."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import torch

from backprop_check.diagnosis.attempt import survived
from backprop_check.errors import BadInput
from backprop_check.live.caller import Caller
from backprop_check.recording import Forward, Function, Recorder, Value, graph, latest
from backprop_check.recording.custom import functions_behind, nodes_behind
from backprop_check.recording.values import reaches
from backprop_check.records import Answer, Trial
from backprop_check.trace.graph import Graph
from backprop_check.trace.oracle import trace

if TYPE_CHECKING:
    from backprop_check.live.asked import Asked
    from backprop_check.live.learner import Learner

LIVE = 0
"""The seed of the trial that has the caller's own numbers."""

SINGLE = 1e-4
"""What `max|Δ| / scale` may be of a live gradient in float32: it went through a network of any size, and autograd's is as inexact."""

LARGEST = 4_000_000
"""How many numbers a forward may have to be remembered."""

_SCALARS = 8
"""How many variables are tried as what was differentiated, where that was not seen."""

Seeds = Sequence[tuple[Value, Value | None]]


@dataclass(frozen=True)
class Found:
    """A forward and its oracle on the live numbers. `node` is what the graph calls the tensor that was asked for.

    `passes` says over how many backward passes the gradient was added up. `custom` are functions of the caller's own whose
    `backward` autograd has used. `given` are gradients that the learner's lines were handed, under the engine's names,
    and `read` gives those lines where they are no torch as it stands. `strict` says that a name alone makes no gradient of a value,
    and `lines` how many lines the forward had before those that are many were taken as one.
    `search` bounds what is looked for (of `Work`).
    """

    graph: Graph
    trial: Trial
    node: str
    spoken: Mapping[str, str] = field(default_factory=dict)
    forward: Forward | None = None
    passes: int = 1
    same: bool = True
    custom: tuple[Function, ...] = ()
    given: Mapping[Value, str] = field(default_factory=dict)
    read: Callable[[Asked, str, Answer], Learner | None] | None = None
    strict: bool = False
    lines: int = 0
    search: float = math.inf


def candidates(caller: Caller, tensor: torch.Tensor, output: torch.Tensor | None) -> Iterator[Found]:
    """Yield the recorded forwards that may have left a tensor's gradient: of `output`, or of the latest passes, one, two, ... together."""
    recorder = latest()
    if recorder is None:
        return
    if output is not None:
        yield from _found(recorder, caller, tensor, [(recorder.value_of(output), None)])
        return
    value = recorder.value_of(tensor)
    ran = [one for one in reversed(recorder.passes) if one.reaches(value)]
    if not ran and tensor.is_leaf:
        ran = [one for one in reversed(recorder.passes) if one.reached(tensor)][:1]
    for number in range(1, len(ran) + 1):
        seeds = [(one.root, one.gradient) for one in reversed(ran[:number])]
        yield from _found(recorder, caller, tensor, seeds, [each for one in ran[:number] for each in one.custom])
    if not ran:  # `torch.autograd.backward` is not seen
        for scalar in _scalars(caller):
            yield from _found(recorder, caller, tensor, [(recorder.value_of(scalar), None)])


def _scalars(caller: Caller) -> Iterator[torch.Tensor]:
    found = [each for each in caller.names.values() if isinstance(each, torch.Tensor) and each.grad_fn is not None and each.numel() == 1]
    yield from {id(each): each for each in reversed(found[-_SCALARS:])}.values()


_remembered: list[tuple[Any, Forward | None, Trial | None]] = []


def _found(recorder: Recorder, caller: Caller, tensor: torch.Tensor, seeds: Seeds, passed: Iterable[Function] = ()) -> Iterator[Found]:
    forward, trial = _traced(recorder, caller, seeds)
    node = forward.name_of(tensor) if forward is not None else None
    if forward is None or trial is None or node is None or "d" + node not in trial.gradients:
        return
    custom = tuple(dict.fromkeys([*functions_behind(root.tensor for root, _ in seeds), *passed]))
    same = len({(root, given) for root, given in seeds}) == 1
    yield Found(forward.graph, trial, node, forward.spoken, forward, len(seeds), same, custom)


def _traced(recorder: Recorder, caller: Caller, seeds: Seeds) -> tuple[Forward | None, Trial | None]:
    held = caller.held
    for key, forward, trial in _remembered:
        if key == _key(seeds, forward, held):
            return forward, trial
    forward = survived(lambda: graph(recorder, seeds, caller.names, held=held), "the recorded graph")
    trial = _trial(forward) if forward is not None else None
    if (
        forward is not None
        and trial is not None
        and sum(v.numel() for v in trial.values.values() if isinstance(v, torch.Tensor)) <= LARGEST
    ):
        _remembered.insert(0, (_key(seeds, forward, held), forward, trial))
        del _remembered[4:]
    return forward, trial


def _key(seeds: Seeds, forward: Forward | None, held: Mapping[int, str]) -> Any:
    """What a graph hangs on: its roots, and which of its values are still there, under which names."""
    live = [value.owner for value in forward.values.values()] if forward is not None else []
    return tuple(seeds), tuple(held.get(id(tensor)) if tensor is not None else False for tensor in live)


def _trial(forward: Forward) -> Trial | None:
    try:
        trial = trace(forward.graph, LIVE, {})
        return replace(trial, rounding=dict.fromkeys(trial.gradients, SINGLE))
    except (BadInput, RuntimeError):
        return None


def functions_between(caller: Caller, tensor: torch.Tensor, output: torch.Tensor | None) -> list[Function]:
    """Return the user's own functions behind `output`, or behind the latest that was differentiated, where a tensor is behind it too."""
    recorder = latest()
    if output is None and recorder is not None and recorder.passes:
        for one in reversed(recorder.passes):
            found = [each for each in one.custom if _was_given(recorder, each, recorder.value_of(tensor))]
            if found:
                return found
        return []
    for root in (output,) if output is not None else _scalars(caller):
        if any(getattr(node, "variable", node) is (tensor if tensor.is_leaf else tensor.grad_fn) for node in nodes_behind([root])):
            return functions_behind([root])
    return []


def _was_given(recorder: Recorder, function: Function, value: Value) -> bool:
    """Whether a function was last given a value, or what is made of it."""
    return any(isinstance(each, Value) and reaches(each, value) for each in recorder.applied.get(function, ()))
