"""Read a reduction, or another call that names axes, within an expression."""

from __future__ import annotations

import ast
from collections.abc import Iterator

AXES = (
    *("sum", "mean", "amax", "amin", "max", "min", "prod", "var", "std", "softmax", "logsumexp", "cumsum"),
    *("permute", "transpose", "unsqueeze", "squeeze", "flatten"),
)


def reduced(call: ast.Call) -> tuple[ast.expr, list[ast.expr]] | None:
    """What a reduction runs over, and its further arguments: alike for `x.sum(1)` and `torch.sum(x, 1)`."""
    if not isinstance(call.func, ast.Attribute):
        return None
    if isinstance(call.func.value, ast.Name) and call.func.value.id in ("torch", "F"):
        return (call.args[0], call.args[1:]) if call.args else None
    return call.func.value, call.args


def named_axes(expression: ast.expr) -> Iterator[ast.AST]:
    """What stands in an index, or names the axes of a reduction or a new order: no number there scales anything."""
    for node in ast.walk(expression):
        if isinstance(node, ast.Subscript):
            yield from ast.walk(node.slice)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in AXES:
            given = reduced(node)
            for argument in (*(given[1] if given is not None else ()), *(k.value for k in node.keywords)):
                yield from ast.walk(argument)


def is_mean(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "mean"


def as_sum(call: ast.expr) -> ast.expr:
    """The sum over what a mean runs over."""
    assert isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
    return ast.Call(ast.Attribute(call.func.value, "sum", ast.Load()), call.args, call.keywords)
