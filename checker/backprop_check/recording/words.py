"""The user's own words for a recorded value: the expression of its statement, where that gives the same numbers from the same values."""

from __future__ import annotations

import ast
import types
from collections.abc import Collection, Mapping
from typing import Any

import torch

from backprop_check.recording.expressions import SCOPE
from backprop_check.recording.frames import place, segment, span_of, statement
from backprop_check.recording.values import Value
from backprop_check.trace.graph import default_dtype

_PLAIN = ("range", "len", "int", "float", "list", "tuple", "slice")

SAME = 1e-12
"""How far, by its size, the value of the words may be from the one computed: both are computed in float64 from the same numbers."""


def statement_of(value: Value) -> ast.stmt | None:
    """Return the statement that made a value and gave it its name, None where it did more or less than that."""
    if value.call is None or not value.call.where:
        return None
    there = place(*value.call.where[0])
    node = statement(there) if there is not None else None
    match node:
        case ast.Assign(targets=[ast.Name()], value=expression) | ast.AnnAssign(target=ast.Name(), value=ast.expr() as expression):
            return node if there is not None and span_of(expression) == there.span else None
        case ast.AugAssign(target=ast.Name()):
            return node if there is not None and span_of(node) == there.span else None
        case ast.AugAssign(target=ast.Subscript(value=ast.Name())) | ast.Assign(targets=[ast.Subscript(value=ast.Name())]):
            return node if value.call.name == "__setitem__" else None
    return None


def written(value: Value) -> tuple[ast.expr, str] | None:
    """Return the expression that the statement gives which made a value and named it, and its text; None where none does.

    An augmented assignment stands for its operation.
    """
    there = place(*value.call.where[0]) if value.call is not None and value.call.where else None
    match statement_of(value):
        case ast.Assign(targets=[ast.Name()], value=expression) | ast.AnnAssign(target=ast.Name(), value=ast.expr() as expression):
            return (expression, segment(there.filename, expression)) if there is not None else None
        case ast.AugAssign(target=ast.Name(id=name) as target, op=op, value=right) as node:
            whole = ast.copy_location(ast.BinOp(ast.copy_location(ast.Name(name, ast.Load()), target), op, right), node)
            return whole, ast.unparse(whole)
    return None


def own_words(
    expression: ast.expr,
    text: str,
    reads: Mapping[str, str],
    names: Mapping[str, Any],
    numbers: Mapping[str, Any],
    due: Any,
    leaves: Collection[str] = (),
) -> tuple[str, dict[str, Any]] | None:
    """Return the expression over the graph's names, and what else of the user's names it reads; None where it does not give `due`.

    It stands as `text` in the source. `reads` gives the graph's name for the user's, `numbers` the graph's values in float64.
    Of `leaves` it may ask the sizes too.
    """
    if not is_pure(expression, names):
        return None
    reads = {**reads, **{name: name for name in _asked_for_sizes(expression) if name in leaves and name not in reads}}
    beside: dict[str, Any] = {}
    for identifier in {n.id for n in ast.walk(expression) if isinstance(n, ast.Name)}:
        there = names.get(identifier)
        if identifier in reads:
            continue
        number = isinstance(there, int | float) and not isinstance(there, bool) and identifier not in numbers
        if isinstance(there, types.ModuleType) or number:
            beside[identifier] = there
        elif not (identifier in _PLAIN and identifier not in names):
            return None
    same = all(reads.get(n.id, n.id) == n.id for n in ast.walk(expression) if isinstance(n, ast.Name))
    renamed = _Renamed(reads).visit(ast.parse(ast.unparse(expression), mode="eval").body)
    told = (text if same else ast.unparse(renamed)), beside
    scope = {**SCOPE, **beside, **{name: numbers[name] for name in reads.values()}}
    try:
        with torch.no_grad(), default_dtype(torch.float64):
            value = eval(compile(ast.fix_missing_locations(ast.Expression(renamed)), "<words>", "eval"), scope)
    except Exception:
        return None
    return told if is_same(value, due) else None


def _asked_for_sizes(expression: ast.expr) -> set[str]:
    """The names that an expression reads for the sizes of what they hold, and for nothing else."""
    asked = [n.value for n in ast.walk(expression) if isinstance(n, ast.Attribute) and n.attr == "shape"]
    sizes = {id(n): n.id for n in asked if isinstance(n, ast.Name)}
    return {*sizes.values()} - {n.id for n in ast.walk(expression) if isinstance(n, ast.Name) and id(n) not in sizes}


def is_same(value: Any, due: Any) -> bool:
    """Whether a value is the one that is due, as far as two ways to compute it in float64 from the same numbers agree."""
    if not isinstance(value, torch.Tensor) or not isinstance(due, torch.Tensor) or (value.shape, value.dtype) != (due.shape, due.dtype):
        return False
    if not value.is_floating_point():
        return torch.equal(value, due)
    finite = due[torch.isfinite(due)]
    size = float(finite.abs().max()) if finite.numel() else 0.0
    return torch.allclose(value, due, rtol=SAME, atol=SAME * size, equal_nan=True)


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.copy_location(ast.Name(self.names.get(node.id, node.id), node.ctx), node)


def is_pure(node: ast.expr, names: Mapping[str, Any]) -> bool:
    """Whether computing an expression again changes nothing of the user's: torch's and math's functions and methods only, none in place.

    A module of the user's (`model(x)`) may count, draw or remember.
    """
    for call in (n for n in ast.walk(node) if isinstance(n, ast.Call)):
        root: ast.expr = call.func
        while isinstance(root, ast.Attribute | ast.Subscript | ast.Call):
            root = root.func if isinstance(root, ast.Call) else root.value
        if isinstance(call.func, ast.Attribute) and call.func.attr.endswith("_"):
            return False
        if isinstance(root, ast.Name) and not isinstance(names.get(root.id), torch.Tensor):
            module = names.get(root.id)
            known = isinstance(module, types.ModuleType) and module.__name__.split(".")[0] in ("torch", "math", "numpy")
            if not known and not (root.id in _PLAIN and root.id not in names):
                return False
    return not any(isinstance(n, ast.NamedExpr | ast.Await | ast.Yield | ast.YieldFrom) for n in ast.walk(node))
