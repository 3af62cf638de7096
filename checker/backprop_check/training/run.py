"""One training: parameters that move step by step, and the losses on the way."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import torch

from backprop_check.comparison.compare import close
from backprop_check.submission.steps import Steps
from backprop_check.trace.author import silent
from backprop_check.trace.graph import Graph, one_thread
from backprop_check.training.checkpoint import Checkpoint
from backprop_check.training.model import Replaced, by_autograd, by_hand, recorded, used

YOURS, AUTOGRAD = "yours", "autograd"

ABREAST = 10
"""Steps that are taken at a time."""


@dataclass
class Training:
    """A training so far. `name` says whose gradients it goes by; of `replaced` (an exercise's gradient) autograd's are taken.

    `samples` are what the model made before a step. It ends early where the loss is no number any more.
    """

    name: str
    parameters: dict[str, torch.Tensor]
    velocity: dict[str, torch.Tensor]
    replaced: Replaced = None
    losses: list[float] = field(default_factory=list)
    samples: dict[int, str] = field(default_factory=dict)

    @property
    def broken(self) -> bool:
        return bool(self.losses) and not math.isfinite(self.losses[-1])


def replaced_name(training: Training) -> str:
    """The gradient of the learner's in whose place autograd's is."""
    assert training.replaced is not None
    return training.replaced[1]


@dataclass(frozen=True)
class Trainer:
    """What all trainings of a checkpoint share: its exercises' graphs, and the learner's `backward` of each, in a worker."""

    checkpoint: Checkpoint
    graphs: Mapping[str, Graph]
    steps: Mapping[str, Steps]

    def begin(self, name: str, replaced: Replaced = None) -> Training:
        parameters = self.checkpoint.begin()
        return Training(name, parameters, {n: torch.zeros_like(v) for n, v in parameters.items()}, replaced)

    @one_thread()
    def advance(self, training: Training) -> None:
        """Take a step. Raises `NoStep`, and leaves the training as it was."""
        asks = training.name == AUTOGRAD or training.replaced is not None
        run = recorded(self.checkpoint, self.graphs, training.parameters, len(training.losses), asks)
        loss = float(run.loss.detach())
        if math.isfinite(loss):
            found = by_autograd(run) if training.name == AUTOGRAD else by_hand(run, self.steps, self.graphs, training.replaced)
            for name, gradient in found.items():
                training.velocity[name] = self.checkpoint.momentum * training.velocity[name] + gradient
                training.parameters[name] = training.parameters[name] - self.checkpoint.rate * training.velocity[name]
        training.losses.append(loss)

    @one_thread()
    def agrees(self, training: Training) -> bool:
        """Whether the learner's gradients are autograd's at the parameters that a training began with and at those it has by now.

        Then only rounding tells its losses from autograd's, however far a training enlarges it. Raises `NoStep`.
        """
        for step, parameters in ((0, self.checkpoint.begin()), (len(training.losses), training.parameters)):
            if not _finite(parameters):
                continue
            with silent():
                run = recorded(self.checkpoint, self.graphs, parameters, step, asks=True)
                own, due = by_hand(run, self.steps, self.graphs), by_autograd(run)
            scale = max(float(gradient.abs().max()) for gradient in due.values())
            if not all(close(own[name], gradient, scale) for name, gradient in due.items()):
                return False
        return True

    @one_thread()
    def sample(self, training: Training) -> None:
        """Note what the model makes by now."""
        if _finite(training.parameters):
            training.samples[len(training.losses)] = self.checkpoint.sample(used(self.graphs), training.parameters)

    def go_on(self, trainings: Sequence[Training], steps: int, sampled: Sequence[int] = ()) -> Iterator[None]:
        """Take the steps that are left of so many, a few at a time and all trainings abreast; the first is sampled before some.

        What runs here prints nothing: whoever goes through this may, each time.
        """
        while True:
            done = min((len(t.losses) for t in trainings if not t.broken), default=steps)
            with silent():
                if done in sampled and len(trainings[0].losses) == done and done not in trainings[0].samples:
                    self.sample(trainings[0])
                until = min([done + ABREAST, steps, *(step for step in sampled if step > done)])
                for training in trainings:
                    while len(training.losses) < until and not training.broken:
                        self.advance(training)
            if done >= steps:
                return
            yield


def _finite(parameters: Mapping[str, torch.Tensor]) -> bool:
    return all(bool(torch.isfinite(value).all()) for value in parameters.values())
