"""What `show` says of a value or a gradient: what it is, its axes, its numbers. Values in, lines out; nothing is printed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from rich.text import Text

from backprop_check.records import Exercise, Trial
from backprop_check.report.graph import shape_text
from backprop_check.report.layout import cut, prose, visible
from backprop_check.report.values import number, value_lines

FEW = 6
NUMBERS = "The inputs are drawn once, in few digits, and are the same at each run; with `--numeric`, too."


def shown_lines(exercise: Exercise, trial: Trial, shapes: Mapping[str, str], name: str, width: int) -> Iterator[Text]:
    """Yield one value, or the gradient `d<node>` of one, by its `name`, which `trial` has."""
    value = trial.values[name] if name in trial.values else trial.gradients[name]
    yield Text.assemble((name, "bold"), f"  {exercise.id}  {shape_text(exercise, shapes[name if name in shapes else name[1:]])}")
    yield from prose(_what(exercise, name), width, style="dim")
    yield Text()
    yield from value_lines(value, width)
    yield Text()
    yield from prose(NUMBERS, width, indent=0, style="dim")


def all_lines(exercise: Exercise, trial: Trial, shapes: Mapping[str, str], command: str, width: int) -> Iterator[Text]:
    """Yield every value of the forward: its name, its axes, and its numbers where they are few."""
    yield Text.assemble((exercise.id, "bold"), f"  {visible(exercise.title)}")
    yield Text()
    wide = max(map(len, exercise.names))
    sizes = {name: shape_text(exercise, shapes[name]) for name in exercise.names}
    widest = max(map(len, sizes.values()))
    for name, size in sizes.items():
        line = f"   {name:{wide}}  {size:{widest}}  {_few(trial.values[name])}".rstrip()
        yield Text(cut(line, width))
    yield Text()
    yield from prose(
        f"`{command} {exercise.lines[0].name}` shows all numbers of one, `{command} d{exercise.names[0]}` those of a gradient.",
        width,
        indent=0,
    )
    yield from prose(NUMBERS, width, indent=0, style="dim")


def _what(exercise: Exercise, name: str) -> str:
    lines = {line.name: line for line in exercise.lines}
    if name in lines:
        return f"`{name} = {' '.join(lines[name].source.split())}` (line {lines[name].number})"
    if name in exercise.names:
        return "an argument of the forward"
    if name == f"d{exercise.output}":
        return f"what arrives from above: the gradient of the loss with respect to {exercise.output}, drawn at random"
    loss = f"({exercise.output} * d{exercise.output}).sum()" if exercise.takes_cotangent else exercise.output
    return f"the gradient of {loss} with respect to {name[1:]}, by autograd"


def _few(value: Any) -> str:
    if not isinstance(value, torch.Tensor):
        return number(value)
    return "  ".join(number(x) for x in value.flatten().tolist()) if value.numel() <= FEW else ""
