"""Read a checkpoint: a file that says what is trained with which exercises, on what, and for how long (docs/training.md)."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

from backprop_check.errors import BadInput
from backprop_check.exercise.checkpoint import heading
from backprop_check.files import read_text
from backprop_check.trace.author import authors
from backprop_check.trace.graph import default_dtype, seeded

PARTS = {"begin": (), "batch": ("step", "p"), "model": ("ex", "p", "b"), "sample": ("ex", "p")}
"""What a checkpoint has to define, and what each is given: `ex` the exercises, `p` the parameters, `b` the batch."""


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint as its file says it. Its author's code is trusted, as an exercise's is."""

    path: Path
    title: str
    text: str
    trains: tuple[str, ...]
    steps: int
    rate: float
    momentum: float
    scope: Mapping[str, Any]

    def begin(self) -> dict[str, torch.Tensor]:
        """Return the parameters as training begins with them."""
        drawn = self._call("begin", 0)
        if not (isinstance(drawn, dict) and drawn and all(isinstance(v, torch.Tensor) and v.is_floating_point() for v in drawn.values())):
            raise BadInput(f"{self.path}: `begin` returns the parameters, a dict of floating tensors, as dict(W=torch.randn(3, 2)).")
        return {name: value.detach().to(torch.float64).contiguous() for name, value in drawn.items()}

    def batch(self, step: int, parameters: Mapping[str, torch.Tensor]) -> dict[str, Any]:
        """Return what a step is taken on; the same step draws the same."""
        drawn = self._call("batch", step + 1, step=step, p=_named(parameters))
        if not isinstance(drawn, dict):
            raise BadInput(f"{self.path}: `batch` returns a dict of what a step is taken on, as dict(x=..., y=...).")
        return {n: v.detach().contiguous() if isinstance(v, torch.Tensor) else v for n, v in drawn.items()}

    def model(self, exercises: Any, parameters: Mapping[str, torch.Tensor], batch: Mapping[str, Any]) -> Any:
        return self._call("model", 0, ex=exercises, p=_named(parameters), b=_named(batch))

    def loss(self, output: torch.Tensor, batch: Mapping[str, Any]) -> torch.Tensor:
        """Return the loss of the model's output; the output itself, where the last exercise ends in the loss."""
        if "loss" not in self.scope:
            return output
        value: torch.Tensor = self._call("loss", 0, output, _named(batch))
        return value

    def sample(self, exercises: Any, parameters: Mapping[str, torch.Tensor]) -> str:
        """Return what the model makes by now, as lines of text."""
        return str(self._call("sample", 0, ex=exercises, p=_named(parameters)))

    def _call(self, name: str, seed: int, *args: Any, **kwargs: Any) -> Any:
        with authors(self.path, what="checkpoint"), seeded(seed), default_dtype(torch.float64):
            return self.scope[name](*args, **kwargs)


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint's file and run it. Raises `BadInput` where it is none."""
    title, trains = heading(path)
    text = read_text(path, "checkpoint")
    scope: dict[str, Any] = {"__name__": f"checkpoint_{path.stem}", "__file__": str(path)}
    with authors(path, what="checkpoint"), seeded(0), default_dtype(torch.float64):
        exec(compile(text, str(path), "exec"), scope)
    for name, takes in PARTS.items():
        if not inspect.isfunction(scope.get(name)) or tuple(inspect.signature(scope[name]).parameters) != takes:
            raise BadInput(f"{path}: a checkpoint defines `def {name}({', '.join(takes)})`: write it so.")
    numbers = [_number(scope, name, path, default) for name, default in (("STEPS", None), ("RATE", None), ("MOMENTUM", 0.0))]
    return Checkpoint(path, title, text, trains, int(numbers[0]), numbers[1], numbers[2], scope)


def _number(scope: Mapping[str, Any], name: str, path: Path, default: float | None) -> float:
    value = scope.get(name, default)
    if not isinstance(value, int | float) or not math.isfinite(value) or value < 0 or (name == "STEPS" and not isinstance(value, int)):
        raise BadInput(f"{path}: {name} is a number, as {'STEPS = 1000' if name == 'STEPS' else f'{name} = 0.1'}.")
    return float(value)


def _named(values: Mapping[str, Any]) -> SimpleNamespace:
    return SimpleNamespace(**values)
