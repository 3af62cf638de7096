"""A checkpoint's model on a batch: what is computed between parameters and loss, exercise by exercise, and the way back through it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import torch

from backprop_check.errors import BadInput
from backprop_check.submission.steps import Steps
from backprop_check.trace.graph import Graph
from backprop_check.training.checkpoint import Checkpoint

Replaced = tuple[str, str] | None
"""An exercise and one of its gradients, in whose place autograd's is put; None: all are the learner's."""


@dataclass(frozen=True)
class Call:
    """One use of an exercise: what it was given, and all values of its forward, by their names.

    Where autograd is asked, the forward's own inputs are aliases of what was given: their gradients are those of this use alone.
    """

    exercise: str
    given: Mapping[str, Any]
    values: Mapping[str, Any]


@dataclass
class Tape:
    """What ran of a model, in order. `moved` are the tensors that depend on a parameter, by their identity: parameters first."""

    calls: list[Call] = field(default_factory=list)
    moved: dict[int, torch.Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Recorded:
    """A model that ran once. `loss` has the graph of autograd behind it where that was asked for; `start` is what arrives at the output."""

    tape: Tape
    parameters: Mapping[str, torch.Tensor]
    output: torch.Tensor
    loss: torch.Tensor
    start: torch.Tensor


class Used:
    """An exercise as a function of its inputs. `values` gives all names of its forward."""

    def __init__(self, graph: Graph, known: Mapping[int, Any] | None = None, tape: Tape | None = None) -> None:
        self._graph, self._known, self._tape = graph, known, tape

    def values(self, **given: Any) -> dict[str, Any]:
        exercise = self._graph.exercise
        if set(given) != set(exercise.inputs):
            told, due = ", ".join(given) or "nothing", ", ".join(exercise.inputs)
            raise BadInput(f"the checkpoint gives {exercise.id} {told}, and it takes {due}.")
        return self._graph.forward({name: given[name] for name in exercise.inputs})

    def _own(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What is given, as this use's own: autograd can be asked for its gradient, also where it is data."""
        return {n: (v.view_as(v) if v.requires_grad else v.detach().requires_grad_()) if _floating(v) else v for n, v in given.items()}

    def __call__(self, **given: Any) -> torch.Tensor:
        exercise = self._graph.exercise
        if self._tape is not None and self._known is not None:
            for name, value in given.items():
                if _floating(value) and id(value) not in self._known and id(value) not in self._tape.moved:
                    raise BadInput(
                        f"the checkpoint makes the `{name}` of {exercise.id} itself: between parameters and loss may stand only exercises, "
                        "for a gradient comes back through these alone. What is data belongs into the batch."
                    )
        values = self.values(**(self._own(given) if self._tape is not None and torch.is_grad_enabled() else given))
        output: torch.Tensor = values[exercise.output]
        if self._tape is not None:
            self._tape.calls.append(Call(exercise.id, given, values))
            if any(id(value) in self._tape.moved for value in given.values()):
                self._tape.moved[id(output)] = output
        return output


def used(graphs: Mapping[str, Graph], known: Mapping[int, Any] | None = None, tape: Tape | None = None) -> SimpleNamespace:
    """Return the exercises as a model is given them: `ex.ex13(C=..., ...)`."""
    return SimpleNamespace(**{name: Used(graph, known, tape) for name, graph in graphs.items()})


def recorded(
    checkpoint: Checkpoint, graphs: Mapping[str, Graph], parameters: Mapping[str, torch.Tensor], step: int, asks: bool = False
) -> Recorded:
    """Run the model on the batch of a step; with `asks`, so that autograd can be asked. Raises `BadInput`."""
    with torch.set_grad_enabled(asks):
        own = {name: value.detach().clone().requires_grad_(asks) for name, value in parameters.items()}
        batch = checkpoint.batch(step, {name: value.detach() for name, value in own.items()})
        tape = Tape(moved={id(value): value for value in own.values()})
        output = checkpoint.model(used(graphs, {id(v): v for v in batch.values()}, tape), own, batch)
        if id(output) not in tape.moved or id(output) in map(id, own.values()):
            what = "what the last exercise gives: its loss, or what `loss(output, b)` is made of"
            raise BadInput(f"{checkpoint.path}: `model` returns {what}.")
        loss = checkpoint.loss(output, batch)
        if not isinstance(loss, torch.Tensor) or loss.dim():
            raise BadInput(f"{checkpoint.path}: the loss has to be a single number: end in one, or define `loss(output, b)`.")
    return Recorded(tape, own, output, loss, _start(checkpoint, output.detach(), batch))


def _start(checkpoint: Checkpoint, output: torch.Tensor, batch: Mapping[str, Any]) -> torch.Tensor:
    """The gradient of the loss with respect to the model's output, which is given, as an exercise gives `dy`."""
    with torch.enable_grad():
        leaf = output.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(checkpoint.loss(leaf, batch).sum(), leaf)
    return gradient


def by_autograd(run: Recorded) -> dict[str, torch.Tensor]:
    """Return autograd's gradients of the parameters."""
    return _asked(run, list(run.parameters), list(run.parameters.values()))


def _asked(run: Recorded, names: Sequence[str], tensors: Sequence[torch.Tensor], keep: bool = False) -> dict[str, torch.Tensor]:
    found = torch.autograd.grad(run.loss, list(tensors), allow_unused=True, retain_graph=keep)
    return {n: torch.zeros_like(t) if g is None else g.contiguous() for n, t, g in zip(names, tensors, found, strict=True)}


def by_hand(run: Recorded, steps: Mapping[str, Steps], graphs: Mapping[str, Graph], replaced: Replaced = None) -> dict[str, torch.Tensor]:
    """Return the learner's gradients of the parameters: each use of an exercise gets what arrives from those behind it.

    `replaced` needs a run that asks autograd. Raises `NoStep`.
    """
    arrived = {id(run.output): run.start}
    for call in reversed(run.tape.calls):
        exercise = graphs[call.exercise].exercise
        output = call.values[exercise.output]
        want = ["d" + name for name in exercise.inputs if id(call.given[name]) in run.tape.moved]
        if id(output) not in arrived or not want:
            continue
        values = {name: value.detach().contiguous() if isinstance(value, torch.Tensor) else value for name, value in call.values.items()}
        if exercise.takes_cotangent:
            values["d" + exercise.output] = arrived[id(output)]
        given: dict[str, torch.Tensor] = {}
        if replaced is not None and replaced[0] == exercise.id:
            given = _asked(run, [replaced[1]], [call.values[replaced[1][1:]]], keep=True)
        for name, gradient in steps[call.exercise].step(values, want, given).items():
            key = id(call.given[name[1:]])
            arrived[key] = arrived[key] + gradient if key in arrived else gradient
    return {name: arrived.get(id(value), torch.zeros_like(value)) for name, value in run.parameters.items()}


def _floating(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.is_floating_point()
