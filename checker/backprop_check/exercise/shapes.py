"""The shapes an exercise file tells without being run: its comments, and what its `inputs` draw. Nothing here needs torch."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from backprop_check.exercise.numbers import is_number
from backprop_check.records import Exercise

_DRAWS = {"randn", "rand", "randint", "randperm", "zeros", "ones", "empty"}

NUMBER = "number"


def written_shapes(exercise: Exercise) -> dict[str, str]:
    """Return each name's shape as the file writes it, `(N, C)`, or `NUMBER`; names whose shape it does not write are left out."""
    found = {line.name: line.axes for line in exercise.lines if line.axes}
    numbers: list[str] = []
    for line in exercise.lines:
        if not line.axes and is_number(line.source, numbers):
            numbers.append(line.name)
    found |= dict.fromkeys(numbers, NUMBER)
    found = _drawn(exercise) | {t.node: t.axes for t in exercise.targets if t.axes} | found
    return {name: found[name] for name in exercise.names if name in found}


def _drawn(exercise: Exercise) -> dict[str, str]:
    """Shapes of arguments that `inputs` draws in one plain call: `X=torch.randint(0, V, (N, B))`."""
    inputs = next(n for n in ast.parse(exercise.source).body if isinstance(n, ast.FunctionDef) and n.name == "inputs")
    pairs = ((k.arg, k.value) for node in ast.walk(inputs) if isinstance(node, ast.Call) for k in node.keywords)
    drawn = ((name, _axes(value, exercise.sizes)) for name, value in pairs if name in exercise.inputs)
    return {name: axes for name, axes in drawn if name and axes}


def _axes(value: ast.expr, sizes: Mapping[str, int]) -> str | None:
    if not (isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr in _DRAWS):
        return None
    shape = value.args[-1:] if value.func.attr in ("randint", "randperm") else value.args
    if not shape:  # `randn(size=(N, C))`
        return None
    parts = shape[0].elts if len(shape) == 1 and isinstance(shape[0], ast.Tuple | ast.List) else shape
    if not all(isinstance(n, ast.BinOp | ast.Name | ast.Constant) for n in parts):
        return None
    if any(isinstance(n, ast.Name) and n.id not in sizes for part in parts for n in ast.walk(part)):
        return None
    names = [ast.unparse(part).replace(" * ", "·") for part in parts]
    return f"({names[0]},)" if len(names) == 1 else f"({', '.join(names)})"
