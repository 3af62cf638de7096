"""Read a reduction, or another call that names axes, within an expression."""

from __future__ import annotations

import ast


def reduced(call: ast.Call) -> tuple[ast.expr, list[ast.expr]] | None:
    """What a reduction runs over, and its further arguments: alike for `x.sum(1)` and `torch.sum(x, 1)`."""
    if not isinstance(call.func, ast.Attribute):
        return None
    if isinstance(call.func.value, ast.Name) and call.func.value.id in ("torch", "F"):
        return (call.args[0], call.args[1:]) if call.args else None
    return call.func.value, call.args


def added_up(call: ast.Call) -> ast.expr:
    """The sum for a mean."""
    assert isinstance(call.func, ast.Attribute)
    return ast.copy_location(ast.Call(ast.Attribute(call.func.value, "sum", ast.Load()), call.args, call.keywords), call)
