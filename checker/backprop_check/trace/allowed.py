"""What an exercise's inputs, values and sizes may be. Each function raises `BadInput` naming the line, the fault and the way out."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import torch

from backprop_check.errors import BadInput
from backprop_check.records import Exercise

_WHOLE = (torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


def allowed_inputs(exercise: Exercise, drawn: Any) -> dict[str, Any]:
    """Return the forward's arguments as `inputs` drew them, every floating tensor in float64."""
    where = f"{exercise.path}:{line_of(exercise, 'inputs')}"
    if not isinstance(drawn, dict):
        raise BadInput(f"{where}: `inputs` returns {_kind(drawn)}: return a dict of the forward's arguments, as dict(x=...).")
    missing, extra = [n for n in exercise.inputs if n not in drawn], [n for n in drawn if n not in exercise.inputs]
    if missing:
        raise BadInput(f"{where}: `inputs` must return a dict of the forward's arguments; it leaves out {_listed(missing)}.")
    if extra:
        raise BadInput(f"{where}: `inputs` returns {_listed(extra)}, which is no argument of the forward: take it out of the dict.")
    for name, value in drawn.items():
        if (fault := _fault(value)) is not None:
            raise BadInput(f"{where}: `inputs` draws `{name}` as {fault}")
    return {n: v.detach().to(torch.float64) if isinstance(v, torch.Tensor) and v.is_floating_point() else v for n, v in drawn.items()}


def allow_value(exercise: Exercise, number: int, name: str, value: Any) -> None:
    """Refuse what a line of the forward cannot name."""
    if (fault := _fault(value)) is not None:
        raise BadInput(f"{exercise.path}:{number}: `{name}` is {fault}")


def allow_nodes(exercise: Exercise, nodes: Mapping[str, torch.Tensor], sizes: Mapping[str, int]) -> None:
    """Refuse values that are to be differentiated and are empty, or not float64."""
    for name, node in nodes.items():
        if not node.numel():
            at = ", ".join(f"{size}={n}" for size, n in sizes.items())
            raise BadInput(f"{where_named(exercise, name)}: `{name}` is empty at {at}: no gradient can be told there. Make it larger.")
        if node.dtype != torch.float64:
            kind = str(node.dtype).removeprefix("torch.")
            raise BadInput(
                f"{where_named(exercise, name)}: `{name}` is {kind}, and gradients are judged in float64: leave out what makes it so."
            )


def allowed_sizes(exercise: Exercise, listed: Any) -> list[dict[str, int]]:
    """Return `SIZES`, which lists choices of the sizes of `inputs`."""
    if isinstance(listed, list | tuple) and all(isinstance(c, dict) and c and c.keys() <= exercise.sizes.keys() for c in listed):
        numbers = [n for choice in listed for n in choice.values()]
        if all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in numbers):
            return [dict(choice) for choice in listed]
    example = ", ".join(f"{name}={n + 1}" for name, n in exercise.sizes.items())
    what = "SIZES lists choices of the sizes of `inputs`, whole numbers above 0"
    raise BadInput(f"{exercise.path}:{line_of(exercise, 'SIZES')}: {what}, as in SIZES = [dict({example})].")


def where_named(exercise: Exercise, name: str) -> str:
    """The path and line where a name of the forward gets its value."""
    number = next((line.number for line in exercise.lines if line.name == name), 0)
    return f"{exercise.path}:{number or line_of(exercise, 'inputs')}"


def line_of(exercise: Exercise, name: str) -> int:
    """The line at whose top level an exercise file gives `name` its meaning, 1 where it does not."""
    return _lines(exercise.source).get(name, 1)


@lru_cache(4)  # every trial asks
def _lines(source: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names = {node.name}
        else:
            names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        found.update(dict.fromkeys(names, node.lineno))
    return found


def _fault(value: Any) -> str | None:
    """What is wrong with a value, and the way out; None where nothing is."""
    if isinstance(value, int | float):
        return None
    if not isinstance(value, torch.Tensor):
        return f"{_kind(value)}; name one tensor or one plain number a line."
    if value.is_nested:
        return "a nested tensor: pad its parts to one dense tensor."
    if value.layout != torch.strided:
        return f"a {str(value.layout).removeprefix('torch.')} tensor: make it dense, as `.to_dense()` does."
    if value.device.type != "cpu":
        return f"a tensor on the device {value.device.type}: everything here is computed on the CPU; take `device=` out."
    if value.is_quantized:
        return "a quantized tensor: take what quantizes it out."
    if value.is_complex():
        return "complex: only real values have a gradient here; let complex ones begin and end within a line, as `torch.fft.fft(x).abs()`."
    if not value.is_floating_point() and value.dtype not in _WHOLE:
        return f"a tensor of {str(value.dtype).removeprefix('torch.')}: make it int64, as `.long()` does."
    return None


def _kind(value: Any) -> str:
    """`a tuple`, `an int`, `None`."""
    if value is None:
        return "None"
    name = "tuple" if isinstance(value, tuple) else type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def _listed(names: list[Any]) -> str:
    return ", ".join(f"`{name}`" for name in names)
